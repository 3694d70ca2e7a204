"""The mark that the panel uses another program's tables, in the panel's own database."""

from django.apps import AppConfig


class AdoptionConfig(AppConfig):
    name = "mailboxes.adoption"
    label = "adoption"
