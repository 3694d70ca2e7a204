"""The app's name and its checks."""

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from mailboxes.checks import check_mail_host, check_storage_engines


class MailboxesConfig(AppConfig):
    name = "mailboxes"
    verbose_name = _("Mail")

    def ready(self) -> None:
        register(check_mail_host)
        register(check_storage_engines, Tags.database)
        autodiscover_modules("sign_in_log")  # needs the models, which are not loaded before
