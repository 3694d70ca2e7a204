"""The numbers in SECURITY.md are those of the code."""

import re
from pathlib import Path

from django.conf import settings

from mailboxes.passwords import strength
from mailboxes.second_factor import reauthentication
from mailboxes.throttle import attempts, limits

TEXT = " ".join((Path(__file__).resolve().parent.parent / "SECURITY.md").read_text().split())


def test_the_limits_of_attempts_are_those_of_the_throttle() -> None:
    rows = re.findall(r"\| ([^|]+) \| (\d+) \| (\d+) (minutes|hour) \|", TEXT)
    seconds = {"minutes": 60, "hour": 3600}
    found = [
        limits.Limit(int(count), int(number) * seconds[unit]) for _, count, number, unit in rows
    ]
    assert found == [limits.PAIR, limits.NETWORK, limits.ACCOUNT, limits.CODES]


def test_the_times_are_those_of_the_code() -> None:
    assert "signed in during the last 30 days" in TEXT
    assert attempts.KNOWN_SECONDS == 30 * 24 * 3600
    assert "entered in the last ten minutes" in TEXT and reauthentication.MAX_AGE == 600
    assert "after an hour without activity (`SESSION_IDLE_MINUTES`), after eight hours" in TEXT
    assert (settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS) == (60, 8)
    assert "requires at least 12 characters" in TEXT and strength.MIN_LENGTH == 12
