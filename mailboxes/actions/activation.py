"""Enabling and disabling domains, mailboxes, aliases and alias domains."""

from django.db import transaction
from django.utils import timezone

from mailboxes.actions import rules
from mailboxes.actions.base import Row, save_columns
from mailboxes.models import Alias, Mailbox


@transaction.atomic(using="mail")
def set_active(row: Row, active: bool) -> bool:
    """Enable or disable a row, and a mailbox's own alias with it.

    Returns whether the given row was in the other state.
    """
    if isinstance(row, Alias):
        rules.check_active(row, active)
    changed = row.active != active
    row.active = active
    save_columns(row, "active")
    if isinstance(row, Mailbox):
        own = Alias.objects.filter(pk=row.pk).exclude(active=active)
        own.update(active=active, modified=timezone.now())
    return changed
