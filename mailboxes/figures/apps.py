"""What is counted once a day, in the panel's own database."""

from django.apps import AppConfig


class FiguresConfig(AppConfig):
    name = "mailboxes.figures"
    label = "figures"
