"""Reading a table of any size in a limited time."""

import time
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet

from mailboxes.doctor.finding import Finding, not_checked
from mailboxes.formats import number
from mailboxes.queries import batches
from mailboxes.texts import gettext as _


class Walk:
    """All of the rows in batches, or as many of the first as can be read before the deadline."""

    def __init__(
        self, rows: QuerySet, deadline: float, key: Callable[[Any], Any] = attrgetter("pk")
    ) -> None:
        self.rows, self.deadline, self.key = rows, deadline, key
        self.count = 0
        """How many have been read."""

        self.is_complete = True

    def __iter__(self) -> Iterator[list[Any]]:
        for batch in batches(self.rows, key=self.key):
            if time.monotonic() > self.deadline:
                self.is_complete = False
                return
            self.count += len(batch)
            yield batch


def unfinished(code: str, walk: Walk, rows: str) -> Iterator[Finding]:
    """Say which part of the rows was checked, if not all of them."""
    if not walk.is_complete:
        seen = _("There was no time to check all %(rows)s, only the first %(count)s of them.")
        yield not_checked(f"{code}.rest", seen % {"rows": rows, "count": number(walk.count)})
