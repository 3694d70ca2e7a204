"""Lists of mailboxes in the order of what they store or when their owners last signed in.

A few thousand mailboxes are sorted here. For more, an index of the lookup tables has the order; an
adopted database has none, so that more aren't sorted there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q, QuerySet

from mailboxes import usage
from mailboxes.lookup_models import MailboxActivity
from mailboxes.lookup_tables.counts import exceed
from mailboxes.lookup_tables.tables import usage_is_kept
from mailboxes.lookup_tables.targets import batched
from mailboxes.models import LastLogin, Usage
from mailboxes.queries import (
    MAX_READ,
    READ_AT_ONCE,
    Page,
    Place,
    in_domains,
    page_of_index,
    page_of_keys,
    source_of,
    with_keys,
)

MAX_SORTED = 4000
"""How many mailboxes are sorted without an index."""

RECORDED: dict[str, Any] = {"bytes": Usage, "last_login": LastLogin}
"""Where Dovecot records what mailboxes are sorted by."""


@dataclass(frozen=True)
class Sorting:
    """By which column of `MailboxActivity` mailboxes are sorted."""

    column: str
    descending: bool = False


def sorted_page(
    rows: QuerySet,
    sorting: Sorting,
    domains: Collection[str] | None,
    place: str,
    number: int,
    backwards: bool = False,
    keys: list[str] | None = None,
) -> Page:
    """Return the mailboxes behind a place, or before it, and whether there are more.

    `domains` are those of the mailboxes, if not of all; `keys` are theirs, if known.
    """
    one = next(iter(domains)) if domains and len(domains) == 1 else ""
    if keys is None and not (has_index(domains) and source_of(rows) is None):
        keys = few_keys(rows, domains)
    if keys is not None:
        return page_of_places(rows, in_order(keys, sorting), place, number, backwards)
    if backwards:
        sorting = replace(sorting, descending=not sorting.descending)

    def following(place: str, size: int) -> list[Place]:
        return places_behind(sorting, one, place, size)

    return page_of_index(rows, following, place, number, MAX_READ)


def has_index(domains: Collection[str] | None) -> bool:
    """Say whether an index has the mailboxes in their order: all of them, or those of a domain."""
    return (domains is None or len(domains) == 1) and usage_is_kept()


def few_keys(rows: QuerySet, domains: Collection[str] | None) -> list[str] | None:
    """Return the keys of the mailboxes, unless they are too many to be sorted here."""
    source = source_of(rows)
    if source is None:
        if exceed(rows, MAX_SORTED, domains):
            return None
        return list(rows.order_by().values_list("pk", flat=True)[: MAX_SORTED + 1])
    keys = list(source.rows.values_list(source.key, flat=True)[: MAX_SORTED + 1])
    if len(keys) > MAX_SORTED:
        return None
    if source.is_exact:
        return keys
    return list(with_keys(rows.order_by().values_list("pk", flat=True), keys))


def in_order(keys: Sequence[str], sorting: Sorting) -> list[Place]:
    """Return the keys with their places, in their order."""
    numbers: dict[str, int] = {}
    for some in batched(keys, READ_AT_ONCE):
        for key, values in usage.by_address(recorded(sorting, some), sorting.column).items():
            numbers[key] = values[0]
    pairs = [(numbers.get(key.lower()) or 0, key) for key in keys]
    pairs.sort(key=lambda pair: (pair[0], pair[1].lower()), reverse=sorting.descending)
    return [(place_of(*pair), pair[1]) for pair in pairs]


def recorded(sorting: Sorting, keys: Sequence[str]) -> QuerySet:
    rows: QuerySet = RECORDED[sorting.column]._default_manager.filter(pk__in=keys)
    return rows.order_by()


def page_of_places(
    rows: QuerySet, places: list[Place], place: str, number: int, backwards: bool
) -> Page:
    """Return the rows of the keys that follow one or precede another, with their places."""
    by_key = {key.lower(): where for where, key in places}
    keys = [key for _place, key in places]
    page = page_of_keys(rows, keys, key_of(place), number, backwards)
    for row in page.rows:
        row.place = by_key[row.pk.lower()]
    return page


def places_behind(sorting: Sorting, domain: str, place: str, size: int) -> list[Place]:
    """Return the next places of the index, of all mailboxes or of those in a domain.

    Those with the same number are asked for by themselves, and as a range, like the domain: else
    MariaDB reads all that have this number, from the first one.
    """
    column, side = sorting.column, "lt" if sorting.descending else "gt"
    rows = MailboxActivity.objects.filter(in_domains([domain]) if domain else Q())
    sign = "-" if sorting.descending else ""
    order = (f"{sign}domain", f"{sign}{column}", f"{sign}pk")
    rows = rows.order_by(*(order if domain else order[1:]))
    selected = [rows]
    if place:
        number = number_of(place)
        same = {f"{column}__gte": number, f"{column}__lte": number}
        beside = rows.filter(**same, **{f"pk__{side}": key_of(place)})
        selected = [beside, rows.filter(**{f"{column}__{side}": number})]
    found: list[Place] = []
    for part in selected:
        pairs = part.values_list(column, "pk")[: size - len(found)]
        found += [(place_of(*pair), pair[1]) for pair in pairs]
    return found


def place_of(number: int, key: str) -> str:
    return f"{number}:{key}"


def key_of(place: str) -> str:
    return place.partition(":")[2]


def number_of(place: str) -> int:
    """Return the number that a place begins with, which may come from anywhere."""
    try:
        return max(min(int(place.partition(":")[0]), 2**63 - 1), -(2**63))
    except ValueError:
        return 0
