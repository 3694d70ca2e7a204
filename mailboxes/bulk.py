"""Deeds on many rows, a hundred in one request: each row is changed, and refused, by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from mailboxes.limits import Refused
from mailboxes.words import translated

MOST = 20_000
"""How many rows one deed may change: on a disk that is slow to sync, that takes some minutes."""

AT_ONCE = 100
"""How many rows one request changes; then the browser shows how far it is, and asks for more."""

NAMED = 20
"""How many rows are named before the deed."""

REPORTED = 1000
"""How many refusals are named after it."""


@dataclass
class Outcome:
    """What became of the rows so far."""

    done: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """A sentence for each row that was not changed."""

    last: str = ""
    """The key after which the work goes on; empty if it is done."""


def some(rows: QuerySet[Any], deed: Callable[[Any], Any], after: str = "") -> Outcome:
    """Change the first rows that follow a key, in the order of their keys."""
    found = list(rows.filter(pk__gt=after).order_by("pk")[: AT_ONCE + 1])
    outcome = Outcome(last=found[AT_ONCE - 1].pk if len(found) > AT_ONCE else "")
    for row in found[:AT_ONCE]:
        try:
            deed(row)
        except Refused as error:
            outcome.refused.append(f"{row}: {translated(error)}")
        else:
            outcome.done.append(row)
    return outcome
