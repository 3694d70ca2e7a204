"""Deeds on many rows at once: each row is changed, and refused, by itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mailboxes.limits import Refused
from mailboxes.words import translated

MOST = 1000
"""How many rows one request may change: more would take longer than a browser waits."""

NAMED = 20
"""How many rows are named before the deed, and how many refusals after it."""


@dataclass
class Outcome:
    """What became of the rows."""

    done: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """A sentence for each row that was not changed."""


def each(rows: Iterable[Any], deed: Callable[[Any], Any]) -> Outcome:
    outcome = Outcome()
    for row in rows:
        try:
            deed(row)
        except Refused as error:
            outcome.refused.append(f"{row}: {translated(error)}")
        else:
            outcome.done.append(row)
    return outcome
