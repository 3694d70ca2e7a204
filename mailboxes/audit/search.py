"""Searching the log: each search is answered by indexes, whatever is combined."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import QuerySet

from mailboxes.audit.entries import LAST, newest_starts
from mailboxes.audit.models import Entry

MAX_SCANNED = 1000
"""How many entries with a text are searched at a time for an action or an actor."""

CLOCK_STEPS = 50
"""How many entries are read at each end of a time, since a clock may have been set back there."""

FIRST = 1
Source = Callable[[int, int, int], tuple[list[int], bool]]
"""Gives the newest keys, at most so many, within two bounds, and whether there may be more."""


@dataclass(frozen=True)
class Search:
    text: str = ""
    """An actor, a client, an object or a domain."""

    action: str = ""
    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""

    @property
    def columns(self) -> dict[str, str]:
        """The values that columns must have; without a text, the first one finds the entries."""
        asked = {"actor": self.actor, "action": self.action}
        return {name: value for name, value in asked.items() if value}

    def page(self, before: int, number: int) -> tuple[list[Entry], int]:
        """Return the newest entries found before a line, and the line to go on before, if any.

        There may be fewer than asked for, or none, although older ones follow.
        """
        low, high = self.bounds()
        high = min(high, before - 1) if before else high
        is_narrowed = len(self.columns) > (0 if self.text else 1)
        keys, reached = newest(
            self.sources(), low, high, MAX_SCANNED if is_narrowed else number + 1
        )
        found = Entry.objects.filter(pk__in=keys)
        if is_narrowed:
            found = found.filter(**self.columns)
        page = list(found.order_by("-seq")[: number + 1])
        older = page[number - 1].seq if len(page) > number else reached
        return [entry for entry in page[:number] if self.is_in_time(entry)], older

    def sources(self) -> Iterator[Source]:
        """Yield what finds keys, each by an index in this order."""
        entries = Entry.objects.order_by("-listed").values_list("listed", flat=True)
        if not self.text:
            yield partial(listed, entries.filter(**dict([*self.columns.items()][:1])))
            return
        yield partial(listed, entries.filter(actor=self.text))
        yield partial(listed, entries.filter(client=self.text))
        yield partial(newest_starts, name=self.text)
        yield partial(newest_starts, domain=self.text)

    def bounds(self) -> tuple[int, int]:
        """Return the first and the last line of the time."""
        if not self.since and not self.until:
            return FIRST, LAST
        rows = Entry.objects.order_by("at").values_list("seq", flat=True)
        rows = rows.filter(at__gte=self.since) if self.since else rows
        rows = rows.filter(at__lt=self.until) if self.until else rows
        ends = [*rows[:CLOCK_STEPS], *rows.reverse()[:CLOCK_STEPS]]
        return min(ends, default=LAST), max(ends, default=FIRST)

    def is_in_time(self, entry: Entry) -> bool:
        is_late_enough = not self.since or entry.at >= self.since
        return is_late_enough and (not self.until or entry.at < self.until)


def listed(keys: QuerySet[Entry, int], number: int, low: int, high: int) -> tuple[list[int], bool]:
    found = list(keys.filter(listed__gte=low, listed__lte=high)[:number])
    return found, len(found) == number


def newest(sources: Iterator[Source], low: int, high: int, number: int) -> tuple[list[int], int]:
    """Return keys of all sources down to the line that all have reached; 0 if they are complete."""
    found: set[int] = set()
    reached = 0
    for source in sources:
        some, more = source(number, low, high)
        found.update(some)
        if more and some:
            reached = max(reached, some[-1])
    return [key for key in found if key >= reached], reached
