"""Which configurations were exported and applied, in the panel's own database."""

from django.apps import AppConfig


class DeploymentConfig(AppConfig):
    name = "mailboxes.deployment"
    label = "deployment"
