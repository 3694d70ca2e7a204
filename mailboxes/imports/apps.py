"""Imports between their dry run and their end, in the panel's own database."""

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "mailboxes.imports"
    label = "imports"
