"""Reading the log: what was begun together with what came of it, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from mailboxes.audit.models import Entry, Phase, Subject

OPEN = "open"
MAX_DOMAINS, MAX_SCANNED = 20, 1000
MAX_SUBJECTS = 3
"""How many objects are read of one entry; a bulk action may have a hundred."""


@dataclass(frozen=True)
class Logged:
    """An action or event, with its first objects and what came of it."""

    entry: Entry
    subjects: list[Subject]
    others: int
    """How many more objects there are."""

    outcome: str
    """A phase, or `open` if nobody has logged the end."""

    text: str

    @property
    def first(self) -> Subject | None:
        return self.subjects[0] if self.subjects else None


def visible() -> QuerySet[Entry]:
    """Return the entries that stand for an action or event; the others tell how it ended."""
    return Entry.objects.filter(phase__in=[Phase.BEGUN, Phase.CHANGE, Phase.EVENT]).order_by("-seq")


def change_entries() -> QuerySet[Entry]:
    """Return the entries about changes, without sign-ins and downloads."""
    return visible().exclude(phase=Phase.EVENT)


def of_object(model: str, name: str) -> QuerySet[Entry]:
    """Return the entries about one object, also after it was deleted."""
    subjects = Subject.objects.filter(model=model, name=name).values("entry")
    return visible().filter(pk__in=subjects)


def newest_in_domains(domains: Sequence[str], number: int) -> list[Logged]:
    """Return the newest changes of objects in these domains, with these objects only.

    Each domain is one query on an index. Of more than MAX_DOMAINS, only those among the newest
    MAX_SCANNED objects are found.
    """
    rows = Subject.objects.exclude(entry__phase=Phase.EVENT)
    if len(domains) <= MAX_DOMAINS:
        newest = [rows.filter(domain=name).order_by("-entry")[:number] for name in domains]
        found = {row.entry_id for part in newest for row in part}
    else:
        wanted = set(domains)
        scanned = rows.order_by("-pk")[:MAX_SCANNED]
        found = {row.entry_id for row in scanned if row.domain.lower() in wanted}
    keys = sorted(found, reverse=True)[:number]
    return read(list(visible().filter(pk__in=keys)), domains=domains)


def read(
    entries: Sequence[Entry],
    name: str = "",
    maximum: int | None = MAX_SUBJECTS,
    domains: Sequence[str] | None = None,
) -> list[Logged]:
    """Return these entries with their objects and outcomes, in four queries at most.

    With a name or domains, only these objects of each entry are returned.
    """
    keys = [entry.seq for entry in entries]
    ends = {end.begun: end for end in Entry.objects.filter(begun__in=keys).order_by("seq")}
    subjects: dict[int, list[Subject]] = {key: [] for key in keys}
    rows = Subject.objects.filter(entry__in=keys).order_by("pk")
    if name:
        rows = rows.filter(name=name)
    if domains is not None:
        rows = rows.filter(domain__in=domains)
    for row in rows:
        subjects[row.entry_id].append(row)
    return [
        with_outcome(entry, subjects[entry.seq], ends.get(entry.seq), maximum) for entry in entries
    ]


def with_outcome(
    entry: Entry, subjects: list[Subject], end: Entry | None, maximum: int | None
) -> Logged:
    outcome = OPEN if entry.phase == Phase.BEGUN else entry.phase
    text = end.text if end else entry.text
    if end:
        outcome = end.phase
    shown = subjects[:maximum]
    return Logged(entry, shown, len(subjects) - len(shown), outcome, text)
