"""What the doctor last found on the machines that have reported, and whether they still do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from mailboxes.deployment.models import LastExamination
from mailboxes.deployment.states import severity

MAX_AGE = timedelta(hours=1)
"""A timer that is silent for longer has stopped; it should report every few minutes."""

MAX_MACHINES = 10


@dataclass(frozen=True)
class Reports:
    """The last examinations, the newest first."""

    rows: Sequence[LastExamination]

    @property
    def current(self) -> LastExamination | None:
        """Return the worst one of the last hour, or the newest one if all are older."""
        recent = [row for row in self.rows if is_recent(row.examined)]
        return max(recent or self.rows[:1], key=lambda row: severity(row.verdict), default=None)

    @property
    def silent_since(self) -> datetime | None:
        """Return when a timer last reported, if none does any longer."""
        last = max((row.reported for row in self.rows if row.reported), default=None)
        return last if last and not is_recent(last) else None


def read() -> Reports:
    return Reports(list(LastExamination.objects.order_by("-examined")[:MAX_MACHINES]))


def is_recent(time: datetime) -> bool:
    return time > timezone.now() - MAX_AGE
