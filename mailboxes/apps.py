"""The app's name, its checks, and what is logged of each sign-in."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.checks import Tags, register
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from mailboxes.checks import check_mail_host, check_storage_engines
from mailboxes.conf import CHECKS


class MailboxesConfig(AppConfig):
    name = "mailboxes"
    verbose_name = _("Mail")

    def ready(self) -> None:
        register(check_mail_host, CHECKS)
        register(check_storage_engines, Tags.database)
        # By name, since the module needs the models, which are not loaded before.
        user_logged_in.connect(import_string("mailboxes.sign_in_log.log_sign_in"))
        user_login_failed.connect(import_string("mailboxes.sign_in_log.log_failed_sign_in"))
