"""What lines of a log are recognised by, and what they mean."""

from collections.abc import Callable
from typing import NamedTuple

from django.utils.functional import Promise

from mailboxes.conf import MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor.remedies import Remedy

AnyRemedy = Remedy | Callable[[MailHost], Remedy]
"""What to do, on any host or on this one."""


class Signature(NamedTuple):
    code: str
    state: State
    cause: Promise
    remedy: AnyRemedy
    signs: tuple[tuple[str, ...], ...]
    """A line is recognised by any of these, if its parts stand in the line in this order."""

    excludes: tuple[str, ...] = ()
    """What stands in no such line."""

    def remedy_on(self, host: MailHost) -> Remedy:
        return self.remedy if isinstance(self.remedy, Remedy) else self.remedy(host)

    def is_excluded(self, line: str) -> bool:
        return any(text in line for text in self.excludes)


def stand_in_order(parts: tuple[str, ...], line: str) -> bool:
    """Look for one part after the other and never go back, whatever the line is."""
    place = 0
    for part in parts:
        found = line.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True


def fault(
    code: str, cause: Promise, remedy: AnyRemedy, *signs: str, excludes: tuple[str, ...] = ()
) -> Signature:
    """Return the signature of a fault; in a sign, “…” stands for anything."""
    parts = tuple(tuple(sign.split("…")) for sign in signs)
    return Signature(code, State.BROKEN, cause, remedy, parts, excludes)


def refusal(code: str, cause: Promise, remedy: AnyRemedy, *signs: str) -> Signature:
    """Return the signature of what a host in order refuses, too."""
    return fault(code, cause, remedy, *signs)._replace(state=State.WARNING)
