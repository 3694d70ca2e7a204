"""Deleting a domain of any size: a large one is disabled, and then deleted in steps.

Its mailboxes go first, then its aliases, and the domain with what is left comes last, so that an
interrupted deletion leaves a disabled domain, of which the rest can be deleted later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from mailboxes.actions.activation import save_active
from mailboxes.actions.base import authorize, performing, subject_of
from mailboxes.actions.batches import rows_at_once
from mailboxes.actions.bulk import deleted_subjects
from mailboxes.actions.domains import delete_domain, give_to_mailboxes, lock_for_deletion
from mailboxes.actions.mailboxes import remove_mailboxes
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, begin, end, end_refused
from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.domain_addresses import rows_in
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import exceeds
from mailboxes.storage_engines import check_engines

ENABLED_AGAIN = gettext_noop(
    "%(domain)s has been enabled in the meantime, so its deletion has stopped. Delete it again to "
    "go on."
)
MARK = "being_deleted"
"""What the log says when a deletion begins that takes several steps."""

MAX_ENTRIES = 50
"""How many of a domain's last entries are searched for the mark."""


@dataclass(frozen=True)
class DeletionStep:
    """What one step has done."""

    deleted: int = 0
    """The number of its mailboxes or aliases."""

    entry: int = 0
    """The entry in the log under which the next step continues."""

    is_last: bool = False


def is_deleted_in_steps(domain: Domain) -> bool:
    """Say whether a domain has more mailboxes or aliases than one transaction deletes."""
    return any(exceeds(rows_in(model, domain.pk), rows_at_once()) for model in (Mailbox, Alias))


def delete_domain_step(actor: Actor, domain: Domain, continues: int = 0) -> DeletionStep:
    """Delete a small domain, and of a large one so many rows as one transaction may.

    `continues` is the entry of the step before. Two of the same steps delete different rows.
    """
    if continues and domain.active:
        raise Refused(ENABLED_AGAIN, {"domain": domain.pk}, code="enabled")
    is_begun = bool(continues) or unfinished_deletion(domain) is not None
    if not (first_rows(domain) if is_begun else is_deleted_in_steps(domain)):
        delete_domain(actor, domain)
        return DeletionStep(is_last=True)
    if not is_begun:
        begin_deletion(actor, domain)
    return delete_rows(actor, domain, continues)


def begin_deletion(actor: Actor, domain: Domain) -> None:
    """Disable the domain, and note in the log that this is how its deletion begins."""
    changes: Changes = {"active": [True, False]} if domain.active else {}
    with (
        performing(actor, "domain.disable", subject_of(domain, changes | {MARK: [False, True]})),
        transaction.atomic(using="mail"),
    ):
        authorize(actor, "domain.delete", domain.pk)
        lock_for_deletion(domain)
        save_active(domain, False, actor.scope)


def delete_rows(actor: Actor, domain: Domain, continues: int) -> DeletionStep:
    """Delete the first mailboxes or, if there are none, the first aliases."""
    with transaction.atomic(using="mail"):
        lock_for_deletion(domain)
        rows = first_rows(domain)
        while give_to_mailboxes([row.pk for row in rows if isinstance(row, Alias)], domain.pk):
            rows = first_rows(domain)
        if not rows:  # another request has deleted them
            return DeletionStep(entry=continues)
        begun = begin(actor, action_on(rows), deleted_subjects(rows), continues)
        try:
            for action in ("domain.delete", action_on(rows)):
                authorize(actor, action, domain.pk)
            check_engines()
            remove(rows)
        except Refused as error:
            end_refused(begun, error)
            raise
    end(begun, Phase.DONE)
    return DeletionStep(len(rows), begun.parent or begun.seq)


def first_rows(domain: Domain) -> list[Any]:
    number = rows_at_once()
    return list(rows_in(Mailbox, domain.pk)[:number] or rows_in(Alias, domain.pk)[:number])


def action_on(rows: Sequence[Any]) -> str:
    return f"{rows[0]._meta.model_name}.delete"


def remove(rows: Sequence[Any]) -> None:
    if isinstance(rows[0], Mailbox):
        remove_mailboxes(rows)
    else:
        Alias.objects.filter(pk__in=[row.pk for row in rows]).delete()


def unfinished_deletion(domain: Domain) -> Entry | None:
    """Return the entry in which a deletion of the domain began that isn't finished."""
    if domain.active:
        return None
    found = Subject.objects.filter(
        model="domain", name=domain.pk, entry__phase=Phase.BEGUN.value
    ).select_related("entry")
    for row in found.order_by("-entry_id")[:MAX_ENTRIES]:
        if Entry.objects.filter(begun=row.entry_id, phase=Phase.REFUSED.value).exists():
            continue
        if MARK in row.changes:
            return row.entry
        if "active" in row.changes or row.entry.action == "domain.delete":
            return None
    return None
