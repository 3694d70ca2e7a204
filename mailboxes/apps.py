"""The app's name and its checks."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from mailboxes.checks import check_mail_host


class MailboxesConfig(AppConfig):
    name = "mailboxes"
    verbose_name = _("Mail")

    def ready(self) -> None:
        register(check_mail_host)
