"""Who must have a second factor, and who may reset whose."""

from django.conf import settings
from django.contrib.auth.models import User

from mailboxes.access.grants import role_of, scope_of
from mailboxes.access.roles import Role

NAMES_IN_SETTINGS = {Role.DOMAIN_ADMINISTRATOR.value: "domain-administrator"}
"""The roles that SECOND_FACTOR_REQUIRED calls otherwise."""


def is_required(user: User) -> bool:
    """Say whether the person's role may use the panel only with a second factor."""
    role = role_of(user)
    return user.is_staff and NAMES_IN_SETTINGS.get(role, role) in settings.SECOND_FACTOR_REQUIRED


def may_reset(user: User, other: User) -> bool:
    """Say whether the person may reset the other's second factor; nobody resets their own."""
    return scope_of(user).allows("administrator.reset-second-factor") and user.pk != other.pk
