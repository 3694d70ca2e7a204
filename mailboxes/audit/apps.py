"""The log of what was done, in the panel's own database."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "mailboxes.audit"
    label = "audit"
