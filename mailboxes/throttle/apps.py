"""Limits on attempts to sign in, counted in the panel's own database."""

from django.apps import AppConfig


class ThrottleConfig(AppConfig):
    name = "mailboxes.throttle"
    label = "throttle"
