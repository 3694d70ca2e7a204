"""Enabling and disabling domains, mailboxes, aliases and alias domains."""

from django.db import transaction
from django.utils import timezone

from mailboxes.access.scope import Scope
from mailboxes.actions import expansion, rules
from mailboxes.actions.base import Row, performing, save_columns, subject_of
from mailboxes.audit.actors import Actor
from mailboxes.models import Alias, AliasDomain, Mailbox


def set_active(actor: Actor, row: Row, active: bool) -> bool:
    """Enable or disable a row, and a mailbox's own alias with it.

    Returns whether the row was in the other state; if not, nothing is written.
    """
    if row.active == active:
        return False
    action = f"{row._meta.model_name}.{'enable' if active else 'disable'}"
    with performing(actor, action, subject_of(row, {"active": [not active, active]})):
        save_active(row, active, actor.scope)
    return True


@transaction.atomic(using="mail")
def save_active(row: Row, active: bool, scope: Scope) -> None:
    """Save the state, of a mailbox's own alias too, unless it is the same as before."""
    if isinstance(row, Mailbox | Alias):
        rules.lock_domains(row.domain_id)
    if isinstance(row, Alias):
        rules.check_active(row, active)
    row.active = active
    if save_columns(row, "active"):
        if isinstance(row, Mailbox):
            own = Alias.objects.filter(pk=row.pk).exclude(active=active)
            own.update(active=active, modified=timezone.now())
        if active:
            check_enabled(row, scope)


def check_enabled(row: Row, scope: Scope) -> None:
    """Refuse to enable what others have made part of a loop while it was disabled."""
    if isinstance(row, AliasDomain):
        expansion.check_forwarded_domain(row.pk, scope)
    elif isinstance(row, Alias):
        expansion.check_saved_alias(row, scope)
    elif isinstance(row, Mailbox):
        for alias in Alias.objects.filter(pk=row.pk).exclude(goto=row.pk):
            expansion.check_saved_alias(alias, scope)
