"""Reading the log: what was begun together with what came of it, newest first."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.models import Domain
from mailboxes.queries import exceeds

OPEN = "open"
MAX_DOMAINS, MAX_SCANNED = 20, 1000
CREATION = timedelta(seconds=10)
"""How much older than a domain the entry of its creation may be; it may wait for two locks."""

MAX_NAMES = 20
RENAMED = {"mailbox": "address", "domain": "domain"}
"""Where an entry has an object's old and new name."""

MAX_SUBJECTS = 3
"""How many objects are shown of one entry; a bulk action may have 20,000."""

MAX_COUNTED = 1000
"""How many objects of a bulk action a list counts, and of all other entries reads at once."""

BATCHES_COUNTED = 5
"""The objects of how many batches are counted at once; an import's have 1,000 each."""

MIN_READ, MAX_STEPS = 20, 20
"""How many objects are read at once to find the newest actions, and how often at most."""

LAST = 2**63 - 1
KEYS_AT_ONCE = 500
"""MariaDB reads whole tables for 1,000 keys or more."""


@dataclass(frozen=True)
class Logged:
    """An action or event, with its first objects and what came of it."""

    entry: Entry
    subjects: list[Subject]
    others: int
    """How many more objects there are, or at least, if there are many."""

    outcome: str
    """A phase, or `open` if nobody has logged the end."""

    text: str
    has_more: bool = False
    """Whether there may be more than these."""

    @property
    def first(self) -> Subject | None:
        return self.subjects[0] if self.subjects else None

    @property
    def beyond_first(self) -> int:
        """How many objects there are beside the first, where only that one is shown."""
        return self.others + max(len(self.subjects) - 1, 0)


def visible() -> QuerySet[Entry]:
    """Return the entries that stand for an action or event; the others tell how it ended."""
    return Entry.objects.filter(listed__isnull=False).order_by("-listed")


def change_entries() -> QuerySet[Entry]:
    """Return the entries about changes, without sign-ins and downloads."""
    return Entry.objects.filter(changed__isnull=False).order_by("-changed")


def of_object(model: str, name: str) -> QuerySet[Entry]:
    """Return the entries about one object, also after it was deleted; of bulk actions its batch."""
    condition = Q()
    for former, end in names_of(model, name).items():
        condition |= Q(name=former) if end is None else Q(name=former, entry__lt=end)
    subjects = Subject.objects.filter(condition, model=model).values("entry")
    return Entry.objects.filter(begun=None, pk__in=subjects).order_by("-seq")


def names_of(model: str, name: str) -> dict[str, int | None]:
    """Return the object's names, each with the entry in which it got the next one."""
    found: dict[str, int | None] = {name: None}
    last, end = name, None
    while len(found) < MAX_NAMES:
        renamed = Subject.objects.filter(
            model=model, name=last, entry__action=f"{model}.rename", entry__phase=Phase.BEGUN.value
        )
        renamed = renamed.filter(entry__lt=end) if end else renamed
        ended = Entry.objects.filter(begun=OuterRef("entry"), phase=Phase.REFUSED.value)
        row = renamed.exclude(Exists(ended)).order_by("-entry_id").first()
        former = renamed_from(row, last) if row else ""
        if row is None or not former or former in found:
            break
        last, end = former, row.entry_id
        found[last] = end
    return found


def renamed_from(row: Subject, name: str) -> str:
    """Return what an object was called before the entry that its new name is in."""
    for other in Subject.objects.filter(entry=row.entry_id, model=row.model):
        before, after = other.changes.get(RENAMED.get(row.model, ""), ("", ""))
        if after.lower() == name.lower():
            return str(before)
    return ""


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
    if len(domains) <= MAX_DOMAINS:
        found = [(key, name) for name in domains for key in newest_starts(number, domain=name)[0]]
    else:
        wanted = set(domains)
        scanned = Subject.objects.order_by("-pk").values_list("start", "domain")[:MAX_SCANNED]
        found = [(key, name.lower()) for key, name in scanned if name.lower() in wanted]
    starts = starts_of(name for _, name in found)
    changes = change_entries().in_bulk({key for key, _ in found})
    own = {
        key
        for key, name in found
        if name in starts and key in changes and changes[key].at >= starts[name]
    }
    newest = sorted(own, reverse=True)[:number]
    return read([changes[key] for key in newest], starts=starts)


def newest_starts(
    number: int, low: int = 0, high: int = LAST, **condition: str
) -> tuple[list[int], bool]:
    """Return the entries that stand for the newest actions on such objects within two bounds, and
    whether there may be more.

    A change of many rows is passed over once it is known: the database would read all of them.
    """
    rows = Subject.objects.filter(start__gte=low, **condition).order_by("-start")
    found: dict[int, None] = {}
    size = max(number, MIN_READ)
    for _ in range(MAX_STEPS):
        part = list(rows.filter(start__lte=high).values_list("start", flat=True)[:size])
        found |= dict.fromkeys(part)
        if len(part) < size or len(found) >= number:
            return list(found)[:number], len(part) == size or len(found) > number
        high = part[-1] - 1
    return list(found), True


def of_models(models: Sequence[str]) -> QuerySet[Entry]:
    """Return the entries about changes of objects of these models."""
    condition = Q(pk__in=[])
    for model in models:
        condition |= Q(action__startswith=f"{model}.")
    return change_entries().filter(condition)


def read(
    entries: Sequence[Entry],
    names: Collection[str] = (),
    maximum: int | None = MAX_SUBJECTS,
    starts: Mapping[str, datetime] | None = None,
    counts_all: bool = False,
) -> list[Logged]:
    """Return these entries with their objects and outcomes.

    Later batches of a bulk action are added to its first one, unless names are given. With names,
    or with the starts of domains, only these objects of each entry are returned. This takes five
    queries at most, and two or three more for each entry of several batches or many objects, of
    which only some are counted, unless `counts_all`.
    """
    maximum_counted = None if counts_all else MAX_COUNTED
    batches = {entry.seq: [entry.seq] for entry in entries}
    later = Entry.objects.filter(parent__in=[] if names else list(batches)).order_by("seq")
    for parent, seq in later.values_list("parent", "seq"):
        batches[parent or 0].append(seq)
    keys = [key for batch in batches.values() for key in batch]
    found_ends = (Entry.objects.filter(begun__in=part) for part in parts(keys, KEYS_AT_ONCE))
    ends = {end.begun: end for some in found_ends for end in some}
    rows = Subject.objects.order_by("pk")
    rows = rows.filter(name__in=names) if names else rows
    rows = rows if starts is None else rows.filter(domain__in=list(starts))
    single = [key for key in batches if len(batches[key]) == 1]
    subjects = first_subjects(rows, single, maximum, starts is not None)
    found = []
    for entry in entries:
        batch, own = batches[entry.seq], subjects.get(entry.seq)
        if starts is not None:
            begun = [domain for domain, start in starts.items() if entry.at >= start]
            own = own and [row for row in own if row.domain.lower() in begun]
        if own is not None:
            shown, count, more = own[:maximum], len(own), False
        else:
            if starts is None:
                first = rows.filter(entry__in=batch[:KEYS_AT_ONCE]).order_by("entry_id", "pk")
                count = count_subjects(rows, batch, maximum_counted)
            else:
                first = rows.filter(start=entry.seq, domain__in=begun)
                first = first.order_by("domain", "start", "pk")
                count = counted(first, maximum_counted)
            more = maximum_counted is not None and count > maximum_counted
            count = MAX_COUNTED if more else count
            shown = list(first[:maximum])
        outcome, text = come_of(entry, [ends.get(key) for key in batch])
        found.append(Logged(entry, shown, count - len(shown), outcome, text, more))
    tops = {key: entry.seq for entry in entries for key in batches[entry.seq]}
    mark_refused(found, {end.seq: tops[key] for key, end in ends.items() if key}, maximum is None)
    return found


def parts(keys: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (keys[first : first + size] for first in range(0, len(keys), size))


def first_subjects(
    rows: QuerySet[Subject], keys: Sequence[int], maximum: int | None, in_domains: bool
) -> dict[int, list[Subject]]:
    """Return the objects of these entries; with a `maximum`, only of those among which there
    aren't many. Those in some domains have an index of their own.
    """
    found: dict[int, list[Subject]] = {key: [] for key in keys}
    wanted = rows.filter(entry__in=keys).order_by("entry_id", "pk")
    if in_domains:
        wanted = rows.filter(start__in=keys)
    read = list(wanted if maximum is None else wanted[: MAX_COUNTED + 1])
    for row in read:
        found[row.entry_id].append(row)
    if maximum is None or len(read) <= MAX_COUNTED:
        return found
    return {key: own for key, own in found.items() if key < read[-1].entry_id and not in_domains}


def count_subjects(
    rows: QuerySet[Subject], batch: Sequence[int], maximum: int | None = None
) -> int:
    """Count the objects of a bulk action, a few batches at a time, to one more than a maximum."""
    number = 0
    for part in parts(batch, BATCHES_COUNTED):
        rest = None if maximum is None else maximum - number
        number += counted(rows.filter(entry__in=part), rest)
        if maximum is not None and number > maximum:
            break
    return number


def counted(rows: QuerySet[Subject], maximum: int | None) -> int:
    """Return how many rows there are, or one more than a maximum."""
    if maximum is not None and exceeds(rows, maximum):
        return maximum + 1
    return rows.order_by().count()


def mark_refused(found: Sequence[Logged], ends: Mapping[int, int], are_many: bool) -> None:
    """Note of each row of a bulk action why it was refused, which is beneath the action's ends."""
    shown = {(one.entry.seq, row.name): row for one in found for row in one.subjects}
    models, names = {row.model for row in shown.values()}, {name for _, name in shown}
    for part in parts(list(ends), KEYS_AT_ONCE):
        refused = Subject.objects.filter(entry__in=part)
        if not are_many:
            refused = refused.filter(model__in=models, name__in=names)
        for row in refused:
            if begun := shown.get((ends[row.entry_id], row.name)):
                begun.refusal = row.changes["refused"][1]


def refused_rows(
    entry: Entry, starts: Mapping[str, datetime] | None, maximum: int
) -> list[Subject]:
    """Return the first rows of a bulk action that were refused, with their refusals."""
    batches = Entry.objects.filter(Q(pk=entry.seq) | Q(parent=entry.seq)).values("pk")
    ends = Entry.objects.filter(begun__in=batches).values("pk")
    rows = Subject.objects.filter(entry__in=ends).order_by("pk")
    if starts is not None:
        begun = [domain for domain, start in starts.items() if entry.at >= start]
        rows = rows.filter(domain__in=begun)
    found = [row for row in rows[:maximum] if "refused" in row.changes]
    for row in found:
        row.refusal = row.changes["refused"][1]
    return found


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
    total = count_subjects(Subject.objects.all(), [end.begun for end in ends if end.begun])
    return " ".join(map(str, [total - sums[1] - sums[2], *sums[1:]]))


def last_time(action: str) -> datetime | None:
    """Return when this was last logged, if ever.

    With an order, MariaDB may read the whole log from its end instead of the action's entries.
    """
    found: datetime | None = Entry.objects.filter(action=action).aggregate(last=Max("at"))["last"]
    return found
