"""Second factors: what an administrator needs besides the password, in allauth's tables."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.module_loading import import_string


class SecondFactorConfig(AppConfig):
    name = "mailboxes.second_factor"
    label = "second_factor"

    def ready(self) -> None:
        # By name, since the module needs the models, which are not loaded before.
        user_logged_in.connect(
            import_string("mailboxes.second_factor.reauthentication.note_sign_in")
        )
