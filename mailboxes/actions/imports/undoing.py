"""Taking an import back: what it added is deleted, what it changed gets its old values."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from mailboxes.access.scope import Scope
from mailboxes.actions import expansion, rules
from mailboxes.actions.aliases import remove_alias, remove_alias_domain
from mailboxes.actions.base import Row, authorize, check_role, save_columns
from mailboxes.actions.domains import remove_domain
from mailboxes.actions.imports.importing import ACTION
from mailboxes.actions.mailboxes import remove_mailbox
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import begin, end, subject
from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.audit.refusals import refusal_as_json
from mailboxes.errors import Refused, gettext_noop
from mailboxes.forwarding.expansion import Expansion
from mailboxes.forwarding.lookups import LookUps
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, split_targets

ROWS_PER_CALL = 200
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
NO_IMPORT = gettext_noop("Entry %(entry)s of the log is not an import.")
CHANGED_SINCE = gettext_noop("It has been changed since the import, so it was kept.")
NOT_EMPTY = gettext_noop("It contains mailboxes or aliases, so it was kept.")
NO_OLD_PASSWORD = gettext_noop("Its old password isn't known any more; the new one was kept.")


@dataclass
class UndoResult:
    done: list[str] = field(default_factory=list)
    refused: list[tuple[str, Refused]] = field(default_factory=list)
    following: int = 0
    """The last row, to continue after it; 0 if all rows are done."""

    entry: int = 0
    """The entry in the log that stands for all calls."""


def undo_import(actor: Actor, entry: int, after: int = 0, continues: int = 0) -> UndoResult:
    """Take back the next rows of the import with this entry in the log, in one transaction."""
    check_role(actor, "mailbox.create")
    found = subjects_after(batches_of(entry), after, ROWS_PER_CALL + 1)
    batch = found[:ROWS_PER_CALL]
    result = UndoResult(entry=continues)
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
    result.following = batch[-1].pk if len(found) > len(batch) else 0
    return result


def batches_of(entry: int) -> set[int]:
    """Return the import's entries, without those of batches that were rolled back.

    A later import may have added their rows.
    """
    batches = Entry.objects.filter(Q(pk=entry) | Q(parent=entry), action=ACTION, phase=Phase.BEGUN)
    keys = set(batches.values_list("pk", flat=True))
    if entry not in keys:
        raise Refused(NO_IMPORT, {"entry": str(entry)}, code="no_import")
    refused = Entry.objects.filter(begun__in=keys, phase=Phase.REFUSED)
    return keys - set(refused.values_list("begun", flat=True))


def subjects_after(entries: set[int], after: int, number: int) -> list[Subject]:
    """Return so many rows, the last ones first: each depends on earlier ones only.

    One entry at a time, or the database would sort the rows of all.
    """
    last = Subject.objects.filter(pk=after, entry__in=entries).first() if after else None
    if after and not last:
        return []
    found: list[Subject] = []
    for entry in sorted(entries, reverse=True):
        if last is None or entry <= last.entry_id:
            rows = Subject.objects.filter(entry=entry, model__in=TABLES).select_related("entry")
            rows = rows.filter(pk__lt=last.pk) if last else rows
            found += rows.order_by("-pk")[: number - len(found)]
    return found


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
