"""What was last counted of what needs attention, for tables that are too large for a page."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from mailboxes.figures.models import DailyFigures

MAX_DOMAINS = 50
"""Of how many domains a page adds up the figures."""


@dataclass(frozen=True)
class Counted:
    """What was counted on a day; None is what wasn't, and the day if nothing was."""

    day: date | None = None
    locked_out: int | None = None
    weak: int | None = None
    lacking_roles: int | None = None


def last_counted(host: str, domains: Collection[str] | None) -> Counted:
    """Return what was last counted in all domains, or in some; those who can't sign in for the
    mail host with this key.
    """
    if domains is not None and len(domains) > MAX_DOMAINS:
        return Counted()
    names = [""] if domains is None else sorted(name.lower() for name in domains)
    rows = DailyFigures.objects.filter(domain__in=names, mailboxes__isnull=False)
    day = rows.order_by("-day").values_list("day", flat=True).first()
    if day is None:
        return Counted()
    found = list(rows.filter(day=day))
    return Counted(
        day,
        added_up([row.locked_out.get(host) for row in found]),
        added_up([row.weak for row in found]),
        added_up([row.lacking_roles for row in found]),
    )


def added_up(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
