"""How many attempts to sign in are allowed, and in how many seconds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    attempts: int
    seconds: int


PAIR = Limit(5, 15 * 60)
NETWORK = Limit(50, 15 * 60)
ACCOUNT = Limit(30, 5 * 60)
CODES = Limit(10, 60 * 60)
"""Codes are short: each guess hits one of three in a million that are valid."""

LONGEST = max(limit.seconds for limit in (PAIR, NETWORK, ACCOUNT, CODES))
