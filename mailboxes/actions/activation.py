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
    row.active = active
    locked = lock(row)
    if isinstance(row, Alias):
        rules.check_active(row, active)
    if save_columns(row, "active"):
        if isinstance(row, Mailbox):
            own = Alias.objects.filter(pk=row.pk).exclude(active=active)
            own.update(active=active, modified=timezone.now())
        if active:
            check_enabled(row, scope, locked)


def lock(row: Row) -> set[str]:
    """Lock the domain of a row and, if it is to be active, those that its mail passes."""
    if isinstance(row, AliasDomain):
        return expansion.lock_alias_domain(row)
    if isinstance(row, Mailbox):
        is_changed = Mailbox.objects.filter(pk=row.pk).exclude(active=row.active).exists()
        own = forwarding_alias(row) if is_changed else None
        return expansion.lock_alias(own) if own else rules.lock_domains(row.domain_id)
    return expansion.lock_alias(row) if isinstance(row, Alias) else set()


def forwarding_alias(mailbox: Mailbox) -> Alias | None:
    """Return a mailbox's own alias as it is about to be, if it forwards to others."""
    own = Alias.objects.filter(pk=mailbox.pk).exclude(goto=mailbox.pk).first()
    if own:
        own.active = mailbox.active
    return own


def check_enabled(row: Row, scope: Scope, locked: set[str]) -> None:
    """Refuse to enable what others have made part of a loop while it was disabled."""
    alias = forwarding_alias(row) if isinstance(row, Mailbox) else row
    if isinstance(alias, AliasDomain):
        expansion.check_saved_alias_domain(alias, scope, locked)
    elif isinstance(alias, Alias):
        expansion.check_saved_alias(alias, scope, locked)
