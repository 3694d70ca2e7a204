"""Sizes of mailboxes: bytes from and to what a person writes."""

import re
from decimal import Decimal

from mailboxes.errors import Sentence
from mailboxes.errors import gettext_noop as _

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
LARGEST = 2**50  # a petabyte; the sum of a domain must fit into a bigint, too


BYTES = _("bytes")


class BadSize(Sentence):
    """A text that is no size."""


def parse_size(text: str) -> int:
    """Return bytes for `1G`, `1.5 GiB`, `500M`, `1024` (bytes) or `0`, which means no limit.

    A comma is taken for a point only where it cannot stand between thousands.
    """
    found = re.fullmatch(
        r"(\d{1,19}(?:\.\d{1,3}|,\d\d?)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper()
    )
    if not found or not text.isascii():
        raise BadSize(
            _(
                "%(text)s is not a size; write a number and a unit, such as 500M or 1G, or 0 "
                "for no limit."
            ),
            text=repr(text),
        )
    size = int(Decimal(found[1].replace(",", ".")) * UNITS[found[2]])
    if size > LARGEST:
        raise BadSize(_("%(text)s is too large: at most 1024T are possible."), text=repr(text))
    return size


def format_size(size: int) -> str:
    """Return bytes as a person reads them, in the largest unit that leaves a number from 1 up."""
    if size <= 0:
        return "no limit"
    for unit in "TGMK":
        if size >= UNITS[unit]:
            return f"{size / UNITS[unit]:.1f}".removesuffix(".0") + f" {unit}iB"
    return f"{size} {BYTES}"


def exact_size(size: int) -> str:
    """Return the shortest text that parse_size() reads as exactly these bytes."""
    for unit in "TGMK":
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(size)


def units(size: int, unit: int) -> int:
    """Return how many units of so many bytes hold the size: 1G is 1049 of 1,024,000."""
    return -(-size // unit)


def limit_as_written(count: int, unit: int) -> str:
    """Return the shortest text whose size so many units hold; -1 as it stands."""
    for name in "TGM":
        number = count * unit // UNITS[name]
        if number > 0 and units(number * UNITS[name], unit) == count:
            return f"{number}{name}"
    return exact_size(count * unit) if count > 0 else str(count)
