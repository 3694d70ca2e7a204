"""Recent refusals, in memory: repeated attempts use neither the database nor the gate."""

import time

MAX_AGE = 5.0
"""How many seconds a refusal is remembered: somebody may have unlocked the account since."""

MAX_KNOWN = 10_000


class Lockouts:
    """The refusals of one process, by what is refused again: a client, or its tries at a name."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, ...], tuple[float, int]] = {}

    def remember(self, key: tuple[str, ...], seconds: int) -> None:
        if len(self.known) >= MAX_KNOWN:
            self.known = {}
        self.known[key] = (time.monotonic() + min(seconds, MAX_AGE), seconds)

    def seconds(self, *key: str) -> int:
        """Return how long the refusal said to wait, or 0 if there was none recently."""
        until, seconds = self.known.get(key, (0.0, 0))
        return seconds if time.monotonic() < until else 0
