"""Actions on many rows: one entry in the log with its rows beneath, in one batch or more.

Each function takes the number of the first batch's entry, which its result has, to continue it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mailboxes import foreign_rows
from mailboxes.actions.activation import save_active
from mailboxes.actions.aliases import remove_alias, remove_alias_domain
from mailboxes.actions.base import Row, authorize, removed, subject_of
from mailboxes.actions.domains import remove_domain
from mailboxes.actions.mailboxes import changed_goto, remove_mailbox, save_handling, save_quota
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, begin, end
from mailboxes.audit.models import Phase
from mailboxes.audit.refusals import refusal_as_json
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.storage_engines import check_engines

REMOVE: dict[type[Row], Callable[[Any], None]] = {
    Domain: remove_domain,
    Mailbox: remove_mailbox,
    Alias: remove_alias,
    AliasDomain: remove_alias_domain,
}


@dataclass
class BulkResult:
    """What happened to the rows, each of which is changed or refused by itself."""

    done: list[Any] = field(default_factory=list)
    refused: list[tuple[Any, Refused]] = field(default_factory=list)
    entry: int = 0
    """The entry in the log that stands for all batches."""


def set_active_in_bulk(
    actor: Actor, rows: Sequence[Row], active: bool, continues: int = 0
) -> BulkResult:
    """Enable or disable rows of one model."""
    changes: Changes = {"active": [not active, active]}
    verb = "enable" if active else "disable"
    apply = partial(save_active, active=active, scope=actor.scope)
    return run_in_bulk(actor, rows, verb, apply, lambda row: changes, continues)


def disable_mailboxes_in_bulk(
    actor: Actor, rows: Sequence[Mailbox], refusal: str, continues: int = 0
) -> BulkResult:
    """Disable mailboxes whose mail is refused or discarded then, as `change_mailbox` does it."""

    def changes(row: Mailbox) -> Changes:
        state: Changes = {"active": [True, False]} if row.active else {}
        return state | changed_goto(row, refusal)

    def apply(row: Mailbox) -> None:
        authorize(actor, "mailbox.change", row.domain_id, row.pk)
        row.active = False
        save_handling(row, refusal, actor.scope)

    return run_in_bulk(actor, rows, "disable", apply, changes, continues)


def set_quota_in_bulk(
    actor: Actor, rows: Sequence[Mailbox], quota: int, continues: int = 0
) -> BulkResult:
    """Set the same quota in bytes for many mailboxes, 0 for no limit."""
    apply = partial(save_quota, quota=quota)

    def changes(row: Mailbox) -> Changes:
        return {"quota": [row.quota, quota]}

    return run_in_bulk(actor, rows, "change", apply, changes, continues)


def delete_in_bulk(actor: Actor, rows: Sequence[Row], continues: int = 0) -> BulkResult:
    """Delete rows of one model."""
    remove = REMOVE[type(rows[0])] if rows else remove_mailbox
    counts = foreign_rows.count_for([row.pk for row in rows if isinstance(row, Mailbox)])

    def changes(row: Row) -> Changes:
        return removed(counts.get(row.pk.lower(), {}))

    return run_in_bulk(actor, rows, "delete", remove, changes, continues)


def run_in_bulk(
    actor: Actor,
    rows: Sequence[Any],
    verb: str,
    apply: Callable[[Any], None],
    changes: Callable[[Any], Changes],
    continues: int,
) -> BulkResult:
    """Log the rows, apply the change to each, and log which of them were refused."""
    result = BulkResult(entry=continues)
    if not rows:
        return result
    action = f"{rows[0]._meta.model_name}.{verb}"
    subjects = [subject_of(row, changes(row)) for row in rows]
    begun = begin(actor, action, subjects, continues)
    result.entry = begun.parent or begun.seq
    for row, subject in zip(rows, subjects, strict=True):
        try:
            authorize(actor, action, subject.domain, subject.name)
            check_engines()
            apply(row)
        except Refused as error:
            result.refused.append((row, error))
        else:
            result.done.append(row)
    refusals = [
        subject_of(row, {"refused": [None, refusal_as_json(error)]})
        for row, error in result.refused
    ]
    end(begun, Phase.DONE, subjects=refusals)
    return result
