"""Postfix's own name (`myhostname`), which the panel's domains must not have."""

from mailboxes.conf import MailHost
from mailboxes.doctor.access import Access
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _


def is_taken_from(access: Access, domain: str) -> bool:
    """Say whether this domain is Postfix's name, as which it counts where `$myhostname` is."""
    return access.run(["postconf", "-hx", "myhostname"]).stdout.strip().lower() == domain.lower()


def rename(host: MailHost) -> Remedy:
    advice = _("Postfix has the domain as its own name. Give it that of the mail host again:")
    command = f"postconf -e 'myhostname = {host.hostname}' && {restart_command('postfix')}"
    return Remedy(advice, command)
