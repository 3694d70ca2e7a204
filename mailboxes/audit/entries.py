"""Reading the log: what was begun together with what came of it, newest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.models import Domain

OPEN = "open"
MAX_DOMAINS, MAX_SCANNED = 20, 1000
CREATION = timedelta(seconds=10)
"""How much older than a domain the entry of its creation may be; it may wait for two locks."""

MAX_SUBJECTS = 3
"""How many objects are shown of one entry; a bulk action may have 20,000."""


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


def starts() -> QuerySet[Entry]:
    """Return the entries that begin something or are an event; the others tell how it ended."""
    return Entry.objects.filter(phase__in=[Phase.BEGUN, Phase.CHANGE, Phase.EVENT]).order_by("-seq")


def visible() -> QuerySet[Entry]:
    """Return the entries that stand for an action or event; later batches are beneath the first."""
    return starts().filter(parent=None)


def about(condition: Q) -> Q:
    """Return the condition that an action has an object, in whichever batch, that fulfils this."""
    found = Subject.objects.filter(condition).values("entry")
    batches = Entry.objects.filter(parent__isnull=False, pk__in=found).values("parent")
    return Q(pk__in=found) | Q(pk__in=batches)


def change_entries() -> QuerySet[Entry]:
    """Return the entries about changes, without sign-ins and downloads."""
    return visible().exclude(phase=Phase.EVENT)


def of_object(model: str, name: str) -> QuerySet[Entry]:
    """Return the entries about one object, also after it was deleted; of bulk actions its batch."""
    subjects = Subject.objects.filter(model=model, name=name).values("entry")
    return starts().filter(pk__in=subjects)


def starts_of(domains: Iterable[str]) -> dict[str, datetime]:
    """Return where the log of each domain begins for those who administer it.

    What is older is about another domain of the same name, which was deleted.
    """
    rows = Domain.objects.filter(pk__in=set(domains)).values_list("pk", "created")
    return {name.lower(): created - CREATION for name, created in rows}


def newest_in_domains(domains: Sequence[str], number: int) -> list[Logged]:
    """Return the newest changes of objects in these domains, with these objects only.

    Each domain is one query on an index. Of more than MAX_DOMAINS, only those among the newest
    MAX_SCANNED objects are found.
    """
    rows = Subject.objects.exclude(entry__phase=Phase.EVENT).select_related("entry")
    if len(domains) <= MAX_DOMAINS:
        newest = [rows.filter(domain=name).order_by("-entry_id")[:number] for name in domains]
        found = [row for part in newest for row in part]
    else:
        wanted = set(domains)
        scanned = rows.order_by("-pk")[:MAX_SCANNED]
        found = [row for row in scanned if row.domain.lower() in wanted]
    starts = starts_of(row.domain for row in found)
    own = {row.entry for row in found if has_begun(row, starts)}
    keys = sorted({entry.parent or entry.seq for entry in own}, reverse=True)[:number]
    return read(list(visible().filter(pk__in=keys)), starts=starts)


def has_begun(row: Subject, starts: Mapping[str, datetime]) -> bool:
    """Say whether an object's present domain existed when the entry was written."""
    start = starts.get(row.domain.lower())
    return start is not None and row.entry.at >= start


def of_models(models: Sequence[str]) -> QuerySet[Entry]:
    """Return the entries about changes of objects of these models."""
    condition = Q(pk__in=[])
    for model in models:
        condition |= Q(action__startswith=f"{model}.")
    return change_entries().filter(condition)


def read(
    entries: Sequence[Entry],
    name: str = "",
    maximum: int | None = MAX_SUBJECTS,
    starts: Mapping[str, datetime] | None = None,
) -> list[Logged]:
    """Return these entries with their objects and outcomes.

    Later batches of a bulk action are added to its first one, unless a name is given. With a name,
    or with the starts of domains, only these objects of each entry are returned. This takes five
    queries at most, and two or three more for each entry of several batches.
    """
    batches = {entry.seq: [entry.seq] for entry in entries}
    later = Entry.objects.filter(parent__in=[] if name else list(batches)).order_by("seq")
    for parent, seq in later.values_list("parent", "seq"):
        batches[parent or 0].append(seq)
    keys = [key for batch in batches.values() for key in batch]
    ends = {end.begun: end for end in Entry.objects.filter(begun__in=keys)}
    rows = Subject.objects.order_by("pk")
    rows = rows.filter(name=name) if name else rows
    rows = rows if starts is None else rows.filter(domain__in=list(starts))
    subjects: dict[int, list[Subject]] = {key: [] for key in keys}
    for row in rows.filter(entry__in=[key for key in batches if len(batches[key]) == 1]):
        subjects[row.entry_id].append(row)
    found = []
    for entry in entries:
        batch, own = batches[entry.seq], subjects[entry.seq]
        if starts is not None:
            begun = [domain for domain, start in starts.items() if entry.at >= start]
            own = [row for row in own if row.domain.lower() in begun]
        shown, count = own[:maximum], len(own)
        if len(batch) > 1:
            several = rows.filter(entry__in=batch)
            several = several if starts is None else several.filter(domain__in=begun)
            shown, count = list(several[:maximum]), several.count()
        outcome, text = come_of(entry, [ends.get(key) for key in batch])
        found.append(Logged(entry, shown, count - len(shown), outcome, text))
    tops = {key: entry.seq for entry in entries for key in batches[entry.seq]}
    mark_refused(found, {end.seq: tops[key] for key, end in ends.items() if key}, maximum is None)
    return found


def mark_refused(found: Sequence[Logged], ends: Mapping[int, int], are_many: bool) -> None:
    """Note of each row of a bulk action why it was refused, which is beneath the action's ends."""
    shown = {(one.entry.seq, row.name): row for one in found for row in one.subjects}
    refused = Subject.objects.filter(entry__in=list(ends))
    if not are_many:
        models, names = {row.model for row in shown.values()}, {name for _, name in shown}
        refused = refused.filter(model__in=models, name__in=names)
    for row in refused:
        if begun := shown.get((ends[row.entry_id], row.name)):
            begun.refusal = row.changes["refused"][1]


def come_of(entry: Entry, ends: Sequence[Entry | None]) -> tuple[str, str]:
    """Return outcome and text of an action from the ends of its batches."""
    if entry.phase != Phase.BEGUN:
        return entry.phase, entry.text
    known = [end for end in ends if end]
    if len(known) < len(ends):
        return OPEN, entry.text
    settled = [end for end in known if end.phase == Phase.SETTLED]
    if settled and len(known) > 1:
        return Phase.SETTLED, sum_outcomes(known, settled)
    return known[0].phase, known[0].text


def sum_outcomes(ends: Sequence[Entry], settled: Sequence[Entry]) -> str:
    """Return how many changes took place, did not and are unknown; all of other batches did."""
    numbers = [map(int, end.text.split()) for end in settled]
    sums = [sum(column) for column in zip(*numbers, strict=True)]
    total = Subject.objects.filter(entry__in=[end.begun for end in ends]).count()
    return " ".join(map(str, [total - sums[1] - sums[2], *sums[1:]]))
