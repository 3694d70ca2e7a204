"""A gate for requests that check passwords: in a flood of them, the other pages stay fast.

A process has four threads, and Python runs one of them at a time. So these requests may take a
share of a process's time; those beyond it are refused before they cost anything.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

SHARE = 0.2
"""How many seconds a second these requests may take in the long run."""

RESERVE = 10.0
"""How many seconds they may take at once, after a time in which they took none."""

AT_ONCE = 2
"""How many of them may be in progress, through all gates of a process: half of its threads."""

MAX_CHARGE = 1.0
"""What a request costs at most: waiting for a locked database takes time, but no processor."""


class Busy(Exception):
    """There are too many of these requests: this one was not even read."""


class Gate:
    """Keeps account of the time that one kind of request has taken in this process."""

    lock = Lock()
    in_progress = 0
    """Those of all gates: in a flood of every kind, other requests must find a thread."""

    def __init__(self) -> None:
        self.left = RESERVE
        self.seen = time.monotonic()

    @contextmanager
    def pass_through(self) -> Iterator[None]:
        """Let a request through, or raise Busy at once."""
        begun = self.enter()
        try:
            yield
        finally:
            self.leave(begun)

    def enter(self) -> float:
        with self.lock:
            now = time.monotonic()
            self.left = min(RESERVE, self.left + (now - self.seen) * SHARE)
            self.seen = now
            if self.left <= 0 or self.in_progress >= AT_ONCE:
                raise Busy
            Gate.in_progress += 1
        return now

    def leave(self, begun: float) -> None:
        with self.lock:
            Gate.in_progress -= 1
            self.left -= min(time.monotonic() - begun, MAX_CHARGE)
