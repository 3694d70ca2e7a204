"""The states that the doctor gives to what it has examined."""

from enum import StrEnum


class State(StrEnum):
    """From the mildest to the worst."""

    WORKING = "working"
    NOT_CHECKED = "not checked"
    WARNING = "warning"
    BROKEN = "broken"


def severity(state: str) -> int:
    """Return how bad a state is; one that another version has stored may be unknown."""
    states = list(State)
    return states.index(State(state)) if state in states else 0
