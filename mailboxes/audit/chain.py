"""The chain of the log: each entry is sealed by a keyed hash over itself and the entry before.

The key is derived from SECRET_KEY, which is not in the database. Someone who can only write the
database can't change, remove or add an entry without `verify` finding it. Entries at the end can be
cut off together with the head, unless the head is known from elsewhere: it is in the journal.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from mailboxes.audit.models import Entry, Head, Subject
from mailboxes.queries import batches

SEALED = ("seq", "phase", "begun", "action", "actor_kind", "actor", "client", "text", "digest")


def derive_key(secret: str | bytes) -> bytes:
    return salted_hmac("mailboxes.audit.chain", "log", secret=secret, algorithm="sha256").digest()


def subject_rows(subjects: Iterable[Subject]) -> list[list[Any]]:
    """Return what is sealed and archived of the objects of an entry, in their order."""
    return [[row.model, row.name, row.domain, row.changes] for row in subjects]


def subjects_digest(subjects: Iterable[Subject]) -> str:
    return hashlib.sha256(canonical(subject_rows(subjects))).hexdigest()


def seal(key: bytes, before: str, entry: Entry) -> str:
    """Return the mac of an entry that follows the one with the mac `before`."""
    fields = [getattr(entry, name) for name in SEALED]
    parent = getattr(entry, "parent", None)  # which the tables once didn't have
    fields += [] if parent is None else [parent]
    return hmac.digest(key, canonical([before, entry.at.isoformat(), *fields]), "sha256").hex()


def prune_seal(key: bytes, head: Head) -> str:
    return hmac.digest(key, canonical(["pruned", head.pruned_seq, head.pruned_mac]), "sha256").hex()


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Fault:
    """The first entry that is not as it was written."""

    seq: int
    reason: str


def verify(head: str = "") -> Fault | None:
    """Return the first fault in the chain; `head` is SEQ:MAC from the journal, if known."""
    keys = [derive_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    stored = Head.objects.first() or Head()
    seq, before = stored.pruned_seq, stored.pruned_mac
    if seq and not any(
        hmac.compare_digest(stored.pruned_seal, prune_seal(one, stored)) for one in keys
    ):
        return Fault(seq + 1, "is the first entry, but the entries before it were never archived")
    is_found = f"{seq}:{before}" == head
    starts: dict[int, int] = {}
    for entry, subjects in entries_with_subjects():
        if entry.seq != seq + 1:
            return Fault(seq + 1, "is missing")
        start = find_start(entry, starts)
        if entry.digest != subjects_digest(subjects) or {row.start for row in subjects} - {start}:
            return Fault(entry.seq, "no longer matches the objects it was written with")
        if not any(hmac.compare_digest(entry.mac, seal(one, before, entry)) for one in keys):
            return Fault(entry.seq, "was changed, or the entry before it was")
        before, seq = entry.mac, entry.seq
        is_found = is_found or f"{seq}:{before}" == head
    if (stored.seq, stored.mac) != (seq, before):
        return Fault(seq + 1, "is missing: entries were cut off at the end")
    if head and not is_found:
        return Fault(int(head.partition(":")[0]), "is missing, although the journal contains it")
    return None


def find_start(entry: Entry, starts: dict[int, int]) -> int:
    """Return the line that stands for an entry's action; `starts` are those of later batches."""
    if entry.begun:
        return starts.get(entry.begun, entry.begun)
    if entry.parent:
        starts[entry.seq] = entry.parent
    return entry.parent or entry.seq


def entries_with_subjects() -> Iterator[tuple[Entry, list[Subject]]]:
    """Yield each entry with its objects, so many at a time."""
    for batch in batches(Entry.objects.all()):
        subjects: dict[int, list[Subject]] = {}
        for row in Subject.objects.filter(entry__in=batch).order_by("pk"):
            subjects.setdefault(row.entry_id, []).append(row)
        yield from ((entry, subjects.get(entry.seq, [])) for entry in batch)
