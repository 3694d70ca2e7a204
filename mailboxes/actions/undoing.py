"""Taking back what many rows have in common in the log: an import, or a bulk change.

What an import has added is deleted; what was changed gets its old values.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from mailboxes.access.scope import Scope
from mailboxes.actions import expansion, rules
from mailboxes.actions.aliases import remove_alias, remove_alias_domain
from mailboxes.actions.base import Row, authorize, check_role, save_columns
from mailboxes.actions.batches import BulkResult, change_rows, rows_at_once
from mailboxes.actions.domains import remove_domain
from mailboxes.actions.imports.importing import ACTION
from mailboxes.actions.mailboxes import remove_mailbox
from mailboxes.actions.restoring import restore_aliases
from mailboxes.audit.actors import Actor
from mailboxes.audit.entries import Logged, count_subjects, starts_of
from mailboxes.audit.log import begin, end, subject
from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.audit.refusals import refusal_as_json
from mailboxes.errors import Refused, gettext_noop
from mailboxes.forwarding.changes import notes_of_changes, split
from mailboxes.forwarding.expansion import Expansion
from mailboxes.forwarding.lookups import LookUps
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, split_targets

IMPORTED, CHANGED = 200, 500
"""How many rows one call takes back."""

SLACK = timedelta(seconds=2)
"""How much later than its creation a row may seem to be changed: both times are whole seconds."""

DELAY = timedelta(seconds=10)
"""How much later than its entry a row may have been added; it may wait for two locks."""

TABLES: dict[str, Any] = {
    "aliasdomain": (AliasDomain, remove_alias_domain),
    "alias": (Alias, remove_alias),
    "mailbox": (Mailbox, remove_mailbox),
    "domain": (Domain, remove_domain),
}
ADDRESSES = ("mailbox", "alias")
COLUMNS = {
    "mailbox": {"active", "quota", "goto"},
    "alias": {"active", "goto"},
    "domain": {"active"},
    "aliasdomain": {"active"},
}
"""What can be taken back: all of an action's columns have to be among these."""

DELETION = "alias.delete"
"""The only one that can be taken back: the log has no passwords."""

UNDOABLE = [f"{model}.{verb}" for model in COLUMNS for verb in ("enable", "disable", "change")]
UNDOABLE.append(DELETION)
NO_IMPORT = gettext_noop("Entry %(entry)s of the log is not an import.")
NO_CHANGE = gettext_noop("Entry %(entry)s of the log is not a change that can be undone.")
CHANGED_AGAIN = gettext_noop("It has been changed since, so it was left as it is.")
GONE = gettext_noop("It doesn't exist any more.")
CHANGED_SINCE = gettext_noop("It has been changed since the import, so it was kept.")
NOT_EMPTY = gettext_noop("It contains mailboxes or aliases, so it was kept.")
NO_OLD_PASSWORD = gettext_noop("Its old password isn't known any more; the new one was kept.")


@dataclass
class UndoResult:
    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    notes: list[Refused] = field(default_factory=list)
    """What is wrong with mail to these rows, and to aliases above them, after it."""

    following: int = 0
    """The last row, to continue after it; 0 if all rows are done."""

    entry: int = 0
    """The entry in the log that stands for all calls."""

    all: int = 0
    """How many rows there are altogether, if the actor may know that."""


def undo_import(actor: Actor, entry: int, after: int = 0, continues: int = 0) -> UndoResult:
    """Take back the next rows of the import with this entry in the log, in one transaction."""
    check_role(actor, "mailbox.create")
    batch, following = next_rows(actor.scope, begun_batches(entry, [ACTION]), after, IMPORTED)
    result = UndoResult(entry=continues, following=following)
    if not batch:
        return result
    named = [subject(row.model, row.name, row.domain) for row in batch]
    begun = begin(actor, "mailbox.undo-import", named, continues)
    result.entry = begun.parent or begun.seq
    refusals = []
    with transaction.atomic(using="default"), transaction.atomic(using="mail"):
        rules.lock_domains(*(imported.domain for imported in batch), *passed_domains(batch))
        for imported in batch:
            try:
                take_back(actor, imported)
                result.done.append(imported.name)
            except Refused as error:
                result.refused.append((imported.name, error))
                change = {"refused": [None, refusal_as_json(error)]}
                refusals.append(subject(imported.model, imported.name, imported.domain, change))
    end(begun, Phase.DONE, subjects=refusals)
    rows = {(row.model, row.name) for row in batch}
    addresses = {name for model, name in rows if model in ADDRESSES}
    domains = {name for model, name in rows if model not in ADDRESSES}
    result.notes = notes_of_changes(sorted(addresses), sorted(domains), actor.scope)
    return result


def undo_change(
    actor: Actor, entry: int, after: int = 0, continues: int = 0, known: int = 0
) -> UndoResult:
    """Give the next rows of a change with this entry in the log their old values.

    `known` is the number of all rows, if an earlier call has counted them.

    It needs the same rights as the change. Rows that have them already are passed over, so that it
    can be repeated; rows that have been changed since are kept as they are and named.
    """
    keys = begun_batches(entry, UNDOABLE)
    action = Entry.objects.get(pk=entry).action
    check_role(actor, action)
    batch, following = next_rows(actor.scope, keys, after, min(CHANGED, rows_at_once()))
    if not known and following and actor.scope.domains is None:
        known = count_subjects(Subject.objects.all(), sorted(keys))
    result = UndoResult(entry=continues, following=following, all=known)
    ends = Entry.objects.filter(begun__in={row.entry_id for row in batch}).values("pk")
    names = [row.name for row in batch]
    refused = set(Subject.objects.filter(entry__in=ends, name__in=names).values_list("name"))
    changed = {
        row.name.lower(): row
        for row in batch
        if (row.name,) not in refused and is_undoable(action, row)
    }
    if not changed:
        return result
    if action == DELETION:
        found = restore_aliases(actor, changed.values(), continues)
    else:
        found = restore_values(actor, action, changed, continues, result)
    result.entry = found.entry
    result.done = [row.pk for row in found.changed]
    result.refused += [(row.pk, error) for row, error in found.refused]
    if any(column in ("active", "goto") for row in changed.values() for column in row.changes):
        result.notes = notes_of_changes(*split(found.changed), actor.scope)
    return result


def restore_values(
    actor: Actor, action: str, changed: Mapping[str, Subject], continues: int, result: UndoResult
) -> BulkResult:
    """Give rows their old values, and add those that are gone to the result."""
    [model] = {row.model for row in changed.values()}
    rows = list(TABLES[model][0]._default_manager.filter(pk__in=[*changed]))
    gone = changed.keys() - {row.pk.lower() for row in rows}
    result.refused = [(changed[key].name, Refused(GONE, code="gone")) for key in sorted(gone)]
    wanted = partial(old_values, changed)
    return change_rows(actor, action, rows, wanted, continues, undoes=True)


def may_undo(scope: Scope, logged: Logged) -> bool:
    """Say whether an entry is about a change that can be undone, and the role allows it."""
    action, row = logged.entry.action, logged.first
    is_known = row is not None and is_undoable(action, row)
    rights = [action, "alias.create"] if action == DELETION else [action]
    return is_known and action in UNDOABLE and all(map(scope.allows, rights))


def is_undoable(action: str, row: Subject) -> bool:
    """Say whether the log has all that is needed to take a row's change back."""
    columns = COLUMNS.get(row.model, set())
    if action == DELETION:
        return set(row.changes) == columns
    return len(row.changes) > 0 and row.changes.keys() <= columns


def old_values(changed: Mapping[str, Subject], row: Row, own: Alias | None) -> dict[str, Any]:
    """Return the values that a row had before, unless somebody has changed it since."""
    found = changed[row.pk.lower()]
    if row.created > found.entry.at + DELAY:
        raise Refused(CHANGED_AGAIN, code="changed")
    for column, (old, new) in found.changes.items():
        holder = own if column == "goto" and isinstance(row, Mailbox) else row
        if getattr(holder, column, None) not in (old, new):
            raise Refused(CHANGED_AGAIN, code="changed")
    return {column: old for column, (old, _new) in found.changes.items()}


def begun_batches(entry: int, actions: Collection[str]) -> set[int]:
    """Return an action's entries, without those of batches that were rolled back.

    A later import may have added their rows.
    """
    batches = Entry.objects.filter(Q(pk=entry) | Q(parent=entry), phase=Phase.BEGUN)
    keys = set(batches.filter(action__in=actions).values_list("pk", flat=True))
    if entry not in keys:
        message = NO_IMPORT if ACTION in actions else NO_CHANGE
        raise Refused(message, {"entry": str(entry)}, code="no_entry")
    refused = Entry.objects.filter(begun__in=keys, phase=Phase.REFUSED)
    return keys - set(refused.values_list("begun", flat=True))


def next_rows(
    scope: Scope, entries: set[int], after: int, number: int
) -> tuple[list[Subject], int]:
    """Return so many rows within reach, and the last one if others follow; the last ones first,
    since each depends on earlier ones only.

    One entry at a time, or the database would sort the rows of all.
    """
    last = Subject.objects.filter(pk=after, entry__in=entries).first() if after else None
    if after and not last:
        return [], 0
    found: list[Subject] = []
    for entry in sorted(entries, reverse=True):
        if last is None or entry <= last.entry_id:
            rows = Subject.objects.filter(entry=entry, model__in=TABLES).select_related("entry")
            rows = rows.filter(pk__lt=last.pk) if last else rows
            found += rows.order_by("-pk")[: number + 1 - len(found)]
    following = found[number - 1].pk if len(found) > number else 0
    return within_reach(scope, found[:number]), following


def within_reach(scope: Scope, rows: Sequence[Subject]) -> list[Subject]:
    """Return what the actor may know of: nothing about other domains, nor about former ones."""
    if scope.domains is None:
        return list(rows)
    starts = starts_of(row.domain for row in rows if scope.includes(row.domain))
    return [
        row
        for row in rows
        if row.domain.lower() in starts and row.entry.at >= starts[row.domain.lower()]
    ]


def passed_domains(batch: list[Subject]) -> set[str]:
    """Return the domains that mail passes once changed aliases get their old targets."""
    old = [one.changes["goto"][0] for one in batch if "goto" in one.changes and not one.is_new]
    look_ups = LookUps(all_domains=True)
    Expansion([target for goto in old for target in split_targets(goto)], look_ups)
    return look_ups.domains()


def take_back(actor: Actor, imported: Subject) -> None:
    """Take one row back, unless it is gone, was changed since, or is out of the actor's reach."""
    model, remove = TABLES[imported.model]
    row = model._default_manager.filter(pk=imported.name).first()
    pairs = {column: pair for column, pair in imported.changes.items() if pair}
    verb = "delete" if imported.is_new else "change"
    authorize(actor, f"{imported.model}.{verb}", imported.domain, imported.name)
    if row is None:
        return
    if any(getattr(row, column) != value for column, (_old, value) in pairs.items()):
        raise Refused(CHANGED_SINCE, code="changed")
    if not imported.is_new:
        restore(row, {column: old for column, (old, _new) in pairs.items()}, actor.scope)
        if "password" in imported.changes:
            raise Refused(NO_OLD_PASSWORD, code="password")
    elif isinstance(row, Alias) and row.is_mailbox_alias:
        restore(row, {"goto": row.pk}, actor.scope)
    else:
        check_unused(row, imported.entry.at)
        remove(row)


@transaction.atomic(using="mail")
def restore(row: Row, values: dict[str, Any], scope: Scope) -> None:
    """Give a row its old values; refuse targets that others have made part of a loop since."""
    before = Alias.objects.filter(pk=row.pk).first()
    for column, value in values.items():
        setattr(row, column, value)
    locked = expansion.lock_alias(row) if isinstance(row, Alias) else set()
    if save_columns(row, *values) and isinstance(row, Alias):
        expansion.check_saved_alias(row, scope, locked, before)
    if isinstance(row, Mailbox) and "active" in values:
        Alias.objects.filter(pk=row.pk).update(active=row.active)


def check_unused(row: Row, begun: datetime) -> None:
    """Refuse to delete a row that others have changed or added, or a domain that isn't empty."""
    if row.modified - row.created > SLACK or row.created > begun + DELAY:
        raise Refused(CHANGED_SINCE, code="changed")
    tables = (Mailbox, Alias) if isinstance(row, Domain) else ()
    if any(table.objects.filter(domain=row.pk).exists() for table in tables):
        raise Refused(NOT_EMPTY, code="not_empty")
