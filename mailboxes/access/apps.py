"""Roles of administrators and their domains, in the panel's own database."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "mailboxes.access"
    label = "access"
