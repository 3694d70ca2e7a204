"""Mailbox sizes: bytes, and how people write them."""

import re
from decimal import Decimal

from mailboxes.errors import Refused, gettext_noop

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
MAX_SIZE = 2**50  # a pebibyte, so that a domain's total fits into a bigint
BYTES = gettext_noop("bytes")
NO_LIMIT = gettext_noop("no limit")


class BadSize(Refused):
    """A string that isn't a size."""


class Size(int):
    """Bytes for display: str() uses the largest unit that gives a number of at least 1.

    Never use it as a query parameter, since mysqlclient writes subclasses of int with str().
    """

    def __str__(self) -> str:
        if self <= 0:
            return NO_LIMIT
        for unit in "TGMK":
            if self >= UNITS[unit]:
                return f"{self / UNITS[unit]:.1f}".removesuffix(".0") + f" {unit}iB"
        return f"{int(self)} {BYTES}"


def parse_size(text: str) -> int:
    """Return the bytes of `1G`, `1.5 GiB`, `500M`, `1024` (bytes) or `0`, which means no limit.

    A comma is read as a decimal point unless it could group thousands.
    """
    found = re.fullmatch(
        r"(\d{1,19}(?:\.\d{1,3}|,\d\d?)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper()
    )
    if not found or not text.isascii():
        raise BadSize(
            gettext_noop(
                "“%(text)s” is not a valid size. Enter a number with a unit, such as 500M or 1G, "
                "or 0 for no limit."
            ),
            {"text": text},
        )
    size = int(Decimal(found[1].replace(",", ".")) * UNITS[found[2]])
    if size > MAX_SIZE:
        raise BadSize(
            gettext_noop("“%(text)s” is too large. The maximum is 1024T."),
            {"text": text},
            code="too_large",
        )
    return size


def exact_size(size: int) -> str:
    """Return the shortest string that parse_size() reads as exactly this number of bytes."""
    for unit in "TGMK":
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(int(size))


def to_units(size: int, unit: int) -> int:
    """Return a size in units of this many bytes, rounded up: 1G is 1049 units of 1,024,000."""
    return -(-size // unit)


def parse_quota(text: str, megabyte: int) -> int:
    """Return a quota in bytes: whole megabytes of this size, rounded up; 0 megabyte for any size.

    PostfixAdmin only knows whole ones: it cuts off the rest, and reads less than one as no limit.
    """
    size = parse_size(text)
    if not megabyte:
        return size
    unit = megabyte if text.strip().isdecimal() else UNITS["M"]
    return to_units(size, unit) * megabyte


def exact_quota(quota: int, megabyte: int) -> str:
    """Return the shortest string that parse_quota() reads as this quota, or else its bytes."""
    if not megabyte:
        return exact_size(quota)
    return str(quota) if quota % megabyte else exact_size(quota // megabyte * UNITS["M"])


def parse_limit(text: str, unit: int, may_be_off: bool = False) -> int:
    """Return a domain's limit in units of this many bytes; -1 switches it off, where it may."""
    return -1 if may_be_off and text.strip() == "-1" else to_units(parse_size(text), unit)


def exact_limit(count: int, unit: int) -> str:
    """Return the shortest string for a size of this many units; -1 is returned unchanged."""
    for name in "TGM":
        number = count * unit // UNITS[name]
        if number > 0 and to_units(number * UNITS[name], unit) == count:
            return f"{number}{name}"
    return exact_size(count * unit) if count > 0 else str(count)
