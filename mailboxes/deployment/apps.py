"""What was exported, applied and examined, in the panel's own database."""

from django.apps import AppConfig


class DeploymentConfig(AppConfig):
    name = "mailboxes.deployment"
    label = "deployment"
