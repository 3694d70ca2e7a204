"""Second factors: what an administrator needs besides the password, in allauth's tables."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class SecondFactorConfig(AppConfig):
    name = "mailboxes.second_factor"
    label = "second_factor"

    def ready(self) -> None:
        autodiscover_modules("confirmation")  # notes when somebody has signed in
