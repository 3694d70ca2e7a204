"""Reading the log: what was begun together with what came of it, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from mailboxes.audit.models import Entry, Phase, Subject

OPEN = "open"
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
    """Return the lines that stand for an action or event; the others tell how it ended."""
    return Entry.objects.filter(phase__in=[Phase.BEGUN, Phase.CHANGE, Phase.EVENT]).order_by("-seq")


def change_entries() -> QuerySet[Entry]:
    """Return the lines about changes, without sign-ins and downloads."""
    return visible().exclude(phase=Phase.EVENT)


def of_object(model: str, name: str) -> QuerySet[Entry]:
    """Return the lines about one object, also after it was deleted."""
    subjects = Subject.objects.filter(model=model, name=name).values("entry")
    return visible().filter(pk__in=subjects)


def of_models(models: Sequence[str]) -> QuerySet[Entry]:
    """Return the lines about objects of these models."""
    condition = Q(pk__in=[])
    for model in models:
        condition |= Q(action__startswith=f"{model}.")
    return change_entries().filter(condition)


def read(entries: Sequence[Entry], name: str = "", most: int | None = MAX_SUBJECTS) -> list[Logged]:
    """Return these lines with their objects and outcomes, in four queries at most.

    With a name, only that object of each entry is returned, such as for its history.
    """
    keys = [entry.seq for entry in entries]
    ends = {end.begun: end for end in Entry.objects.filter(begun__in=keys).order_by("seq")}
    subjects: dict[int, list[Subject]] = {key: [] for key in keys}
    rows = Subject.objects.filter(entry__in=keys).order_by("pk")
    for row in rows.filter(name=name) if name else rows:
        subjects[row.entry_id].append(row)
    return [
        with_outcome(entry, subjects[entry.seq], ends.get(entry.seq), most) for entry in entries
    ]


def with_outcome(
    entry: Entry, subjects: list[Subject], end: Entry | None, most: int | None
) -> Logged:
    outcome = OPEN if entry.phase == Phase.BEGUN else entry.phase
    text = end.text if end else entry.text
    if end:
        outcome = end.phase
    shown = subjects[:most]
    return Logged(entry, shown, len(subjects) - len(shown), outcome, text)
