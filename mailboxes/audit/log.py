"""Adding to the log: what is begun is committed before the change, what came of it after.

The two databases can't commit together. So a change without an entry is impossible, and an entry
whose end is missing is shown as open until `actions.interrupted` has compared it with the rows.
"""

import json
import syslog
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailboxes.audit import chain
from mailboxes.audit.actors import Actor
from mailboxes.audit.models import Entry, Head, OpenEntry, Phase, Subject
from mailboxes.audit.refusals import refusal_as_json, storable
from mailboxes.errors import Refused
from mailboxes.inserts import insert_many
from mailboxes.queries import new_row

# By syslog(3) rather than logging, so that it also reaches the journal from commands, whose
# standard error is a terminal. Without a journal, the call does nothing.
syslog.openlog("mailadmin", 0, syslog.LOG_AUTH)

Changes = dict[str, list[Any]]

MAX_PAUSE = timedelta(hours=1)
"""How long after its start a bulk action may go on under the same entry."""


def subject(model: str, name: str, domain: str = "", changes: Changes | None = None) -> Subject:
    """Return an object of an entry; `changes` are old and new value by column."""
    values = {
        "id": None,
        "entry_id": None,
        "start": None,
        "model": model,
        "name": storable(name)[:255],
        "domain": storable(domain)[:255],
        "changes": {column: storable_pair(pair) for column, pair in (changes or {}).items()},
    }
    return new_row(Subject, values)


def storable_pair(pair: list[Any]) -> list[Any]:
    for value in pair:
        if isinstance(value, str) and not value.isascii():
            return [storable(value) if isinstance(value, str) else value for value in pair]
    return pair


@contextmanager
def recorded(actor: Actor, action: str, *subjects: Subject, in_both: bool = False) -> Iterator[int]:
    """Log an action that the block carries out: begun, then done or refused; yield its number.

    If the entry can't be written, the block is not entered. An error other than Refused leaves the
    entry open, since nobody knows whether the change was committed. `in_both` puts what the block
    changes in the panel's own database in one transaction with the end: of an open entry, that
    part has not been committed.
    """
    begun = begin(actor, action, subjects)
    try:
        with transaction.atomic(using="default") if in_both else nullcontext():
            yield begun.seq
            end(begun, Phase.DONE)
    except Refused as error:
        end_refused(begun, error)
        raise


def begin(
    actor: Actor, action: str, subjects: Iterable[Subject], continues: int | None = None
) -> Entry:
    """Log what is about to be done; `continues` is the line of a bulk action's first batch."""
    with transaction.atomic(using="default"):
        parent = first_batch(actor, action, continues)
        entry = append(actor, action, Phase.BEGUN, subjects, parent=parent)
        OpenEntry.objects.create(entry=entry)
    return entry


def first_batch(actor: Actor, action: str, seq: int | None) -> int | None:
    """Return the line if this actor can continue it; the number comes from the browser."""
    own = Entry.objects.filter(
        phase=Phase.BEGUN,
        action=action,
        actor_kind=actor.kind,
        actor=storable(actor.name)[:255],
        parent=None,
        at__gt=timezone.now() - MAX_PAUSE,
    )
    return seq if seq and own.filter(pk=seq).exists() else None


def end(begun: Entry, phase: Phase, text: str = "", subjects: Iterable[Subject] = ()) -> None:
    """Log what became of an entry that was begun."""
    actor = Actor(begun.actor_kind, begun.actor, begun.client)
    with transaction.atomic(using="default"):
        append(actor, begun.action, phase, subjects, text=text, begun=begun)
        OpenEntry.objects.filter(entry=begun).delete()


def end_refused(begun: Entry, error: Refused) -> None:
    end(begun, Phase.REFUSED, json.dumps(refusal_as_json(error)))


def log_event(actor: Actor, action: str, *subjects: Subject, text: str = "") -> None:
    """Log something that changes nothing."""
    append(actor, action, Phase.EVENT, subjects, text=text)


def log_change(actor: Actor, action: str, *subjects: Subject) -> None:
    """Log a change in the panel's own database, in the same transaction."""
    append(actor, action, Phase.CHANGE, subjects)


def append(
    actor: Actor,
    action: str,
    phase: Phase,
    subjects: Iterable[Subject],
    *,
    text: str = "",
    begun: Entry | None = None,
    parent: int | None = None,
) -> Entry:
    """Add an entry under the lock of the head, and write the new head to the journal."""
    rows = list(subjects)
    digest = chain.subjects_digest(rows)
    with transaction.atomic(using="default"):
        heads = Head.objects.select_for_update()
        head = heads.filter(pk=1).first() or heads.get_or_create(pk=1)[0]
        entry = Entry(
            seq=head.seq + 1,
            at=timezone.now(),
            phase=phase.value,
            begun=begun.seq if begun else None,
            parent=parent,
            action=action,
            actor_kind=actor.kind,
            actor=storable(actor.name)[:255],
            client=storable(actor.client)[:255],
            text=storable(text),
            digest=digest,
        )
        entry.mac = chain.seal(chain.derive_key(settings.SECRET_KEY), head.mac, entry)
        entry.save(force_insert=True)
        start = begun.parent or begun.seq if begun else parent or entry.seq
        for row in rows:
            row.__dict__.update(entry_id=entry.seq, start=start)  # the foreign key's setter is slow
        insert_many(Subject, rows, "default")
        Head.objects.filter(pk=1).update(seq=entry.seq, mac=entry.mac)
        head_line = f"log head {entry.seq}:{entry.mac}"
        # Not before the outermost transaction: what is rolled back must not be in the journal.
        transaction.on_commit(lambda: syslog.syslog(syslog.LOG_INFO, head_line), using="default")
    return entry
