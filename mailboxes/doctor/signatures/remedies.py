"""What to do about several kinds of lines."""

from django.utils.translation import gettext_lazy as _

from mailboxes.doctor.remedies import Remedy, restart

EXAMINE = Remedy(
    _("Let the doctor look for the cause. On the mail host, run:"),
    "sudo .venv/bin/python manage.py doctor",
)
ON_ITS_PAGE = Remedy(
    _("The mailbox's page shows whether it is active, and a new password can be set there.")
)
RESTART_BOTH = restart(_("Restart Dovecot, then Postfix:"), "dovecot", "postfix")
