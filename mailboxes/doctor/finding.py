"""What an examination finds: a state, what was seen and, apart from it, what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from mailboxes.deployment.states import State, severity
from mailboxes.doctor.remedies import NONE, Remedy

LABELS = {
    State.WORKING: gettext_lazy("Working"),
    State.NOT_CHECKED: gettext_lazy("Not checked"),
    State.WARNING: gettext_lazy("Warning"),
    State.BROKEN: gettext_lazy("Broken"),
}


LATE = ".time"
"""How the codes of findings end that say that there was no time left."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `code` is its name in JSON; the texts are translated."""

    code: str
    state: State
    seen: str
    remedy: Remedy = NONE
    detail: str = ""
    """More of what was seen, as lines: a difference, or a list."""

    mailboxes: tuple[str, ...] = ()
    """The mailboxes that it is about; each one exists."""


@dataclass(frozen=True)
class Hop:
    """A part of the chain from the database to the mail client."""

    code: str
    title: str | Promise


@dataclass(frozen=True)
class HopResult:
    hop: Hop
    findings: Sequence[Finding]
    milliseconds: int = 0

    @property
    def state(self) -> State:
        return worst(finding.state for finding in self.findings)


def overall(results: Iterable[HopResult]) -> State:
    """Return the worst state; not checked if most hops had no time left and nothing is broken."""
    found = list(results)
    found_state = worst(result.state for result in found)
    late = [each for each in found if any(one.code.endswith(LATE) for one in each.findings)]
    is_late = found_state != State.BROKEN and 2 * len(late) > len(found)
    return State.NOT_CHECKED if is_late else found_state


def worst(states: Iterable[State]) -> State:
    """Return the worst of the states. What couldn't be checked doesn't hide what works."""
    found = set(states)
    if found == {State.NOT_CHECKED}:
        return State.NOT_CHECKED
    return max(found - {State.NOT_CHECKED}, key=severity, default=State.WORKING)


def working(code: str, seen: str) -> Finding:
    return Finding(code, State.WORKING, seen)


def warning(code: str, seen: str, remedy: Remedy = NONE, detail: str = "") -> Finding:
    return Finding(code, State.WARNING, seen, remedy, detail)


def broken(code: str, seen: str, remedy: Remedy = NONE, detail: str = "") -> Finding:
    return Finding(code, State.BROKEN, seen, remedy, detail)


def not_checked(code: str, reason: str, detail: str = "", remedy: Remedy = NONE) -> Finding:
    return Finding(code, State.NOT_CHECKED, reason, remedy, detail)
