"""Actions on many rows: one entry in the log with its rows beneath, in one batch or more.

Each function takes the number of the first batch's entry, which its result has, to continue it.
"""

from collections.abc import Callable, Sequence
from typing import Any

from mailboxes import foreign_rows
from mailboxes.actions.aliases import (
    deleted_values,
    remove_alias,
    remove_alias_domain,
    remove_aliases,
)
from mailboxes.actions.base import Row, authorize, removed, subject_of
from mailboxes.actions.batches import BulkResult, Wanted, change_rows, refusals_of
from mailboxes.actions.domains import remove_domain
from mailboxes.actions.mailboxes import remove_mailbox, remove_mailboxes
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, begin, end
from mailboxes.audit.models import Phase, Subject
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.storage_engines import check_engines

REMOVE: dict[type[Row], Callable[[Any], None]] = {
    Domain: remove_domain,
    Mailbox: remove_mailbox,
    Alias: remove_alias,
    AliasDomain: remove_alias_domain,
}
REMOVE_TOGETHER: dict[type[Row], Callable[[Any], None]] = {
    Mailbox: remove_mailboxes,
    Alias: remove_aliases,
}


def set_active_in_bulk(
    actor: Actor, rows: Sequence[Row], active: bool, continues: int = 0
) -> BulkResult:
    """Enable or disable rows of one model."""
    verb = "enable" if active else "disable"
    return change_in_bulk(actor, rows, verb, lambda row, own: {"active": active}, continues)


def disable_mailboxes_in_bulk(
    actor: Actor, rows: Sequence[Mailbox], refusal: str, continues: int = 0
) -> BulkResult:
    """Disable mailboxes whose mail is refused or discarded then, as `change_mailbox` does it."""

    def wanted(row: Mailbox, own: Alias | None) -> dict[str, Any]:
        return {"active": False, "goto": refusal}

    return change_in_bulk(actor, rows, "disable", wanted, continues)


def set_quota_in_bulk(
    actor: Actor, rows: Sequence[Mailbox], quota: int, continues: int = 0
) -> BulkResult:
    """Set the same quota in bytes for many mailboxes, 0 for no limit."""
    return change_in_bulk(actor, rows, "change", lambda row, own: {"quota": quota}, continues)


def change_in_bulk(
    actor: Actor, rows: Sequence[Row], verb: str, wanted: Wanted, continues: int
) -> BulkResult:
    action = f"{rows[0]._meta.model_name}.{verb}" if rows else ""
    return change_rows(actor, action, rows, wanted, continues)


def delete_in_bulk(actor: Actor, rows: Sequence[Row], continues: int = 0) -> BulkResult:
    """Delete rows of one model, each of which is deleted or refused by itself."""
    result = BulkResult(entry=continues)
    if not rows:
        return result
    action = f"{rows[0]._meta.model_name}.delete"
    subjects = deleted_subjects(rows)
    begun = begin(actor, action, subjects, continues)
    result.entry = begun.parent or begun.seq
    allowed = []
    for row, subject in zip(rows, subjects, strict=True):
        try:
            authorize(actor, action, subject.domain, subject.name)
            check_engines()
        except Refused as error:
            result.refused.append((row, error))
        else:
            allowed.append(row)
    remove(allowed, result)
    end(begun, Phase.DONE, subjects=refusals_of(result))
    return result


def deleted_subjects(rows: Sequence[Row]) -> list[Subject]:
    """Return what the log says of rows that are about to be deleted."""
    counts = foreign_rows.count_for([row.pk for row in rows if isinstance(row, Mailbox)])

    def changes(row: Row) -> Changes:
        if isinstance(row, Alias):
            return deleted_values(row)
        return removed(counts.get(row.pk.lower(), {}))

    return [subject_of(row, changes(row)) for row in rows]


def remove(rows: Sequence[Row], result: BulkResult) -> None:
    """Delete the rows together, if their model allows it and none is refused, else one by one."""
    if rows and (together := REMOVE_TOGETHER.get(type(rows[0]))):
        try:
            together(rows)
        except Refused:
            pass
        else:
            result.done += rows
            return
    for row in rows:
        try:
            REMOVE[type(row)](row)
        except Refused as error:
            result.refused.append((row, error))
        else:
            result.done.append(row)
