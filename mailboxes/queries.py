"""Queries that stay cheap on large tables: capped counts, walking a table by key."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connections
from django.db.models import CharField, F, Model, Q, QuerySet, Value
from django.db.models.base import ModelState
from django.db.models.functions import Concat, Length, Substr
from django.utils.translation import gettext

from mailboxes import formats

MAX_COUNT = 1000
"""How many rows a list counts at most."""

MAX_READ = 5000
"""How many keys of a source a page looks at, to find the rows that match further conditions."""

READ_AT_ONCE = 500
"""How many keys one statement names. MariaDB reads whole tables for 1,000 or more of them."""

MAX_ROWS = 20_000
"""How many rows a page may read, which takes about 0.2 s, or a bulk action may change."""

AT_ONCE = 2000
"""How many rows one statement reads of those that are all read. MariaDB may read them twice."""

BATCH = 1000
BY_DOMAIN = ("domain_id", "pk")
"""How the rows of some domains are ordered; others are by key alone."""

Place = tuple[str, str]
"""Where a key stands in an index, and the key."""

Following = Callable[[str, int], list[Place]]
"""Gives so many places of an index behind one; behind an empty one, the first."""

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class CappedCount:
    """A number of rows, and whether there are more than that."""

    number: int
    more: bool = False

    def __bool__(self) -> bool:
        return self.number > 0

    def __str__(self) -> str:
        text = formats.number(self.number)
        return gettext("more than %(number)s") % {"number": text} if self.more else text


@dataclass(frozen=True)
class Source:
    """An index of keys, in order, among which all rows of a list are.

    Without it, a database reads the whole table for a filter that few rows match. It is attached
    to the list's queryset (`found_by`); what is made from that has it no more.
    """

    rows: QuerySet
    key: str = "address"
    domain: str = "domain"
    is_exact: bool = True
    """Whether the list has all of these keys, and not only some of them."""


@dataclass
class Page:
    """Some rows in order, and whether more follow or may follow."""

    rows: list[Any]
    more: bool
    last: str = ""
    """The key after which to go on, if all that could be read was read."""


def found_by(rows: QuerySet, source: Source | None) -> QuerySet:
    """Let the rows be found by their keys in the source."""
    rows.source = source  # type: ignore[attr-defined]
    return rows


def unindexed(all_rows: QuerySet, domain: str = "domain_id") -> Source:
    """Return where rows are looked for that no index finds: a page reads only some of all."""
    return Source(all_rows.order_by(), "pk", domain, is_exact=False)


def in_parts(rows: QuerySet, all_rows: QuerySet) -> QuerySet:
    """Let rows that no index finds be looked for among all."""
    return found_by(rows, unindexed(all_rows))


def first_rows(rows: QuerySet, number: int) -> list[Any]:
    """Return the first rows of a list; many of them in parts, so that no statement sorts more."""
    if number > READ_AT_ONCE:
        return first_among(rows, rows, number)
    return rows_after(rows, "", number)[0]


def first_keys(rows: QuerySet, number: int) -> list[str]:
    """Return the keys of the first rows of a list, for which most rows needn't be read."""
    if source_of(rows):
        return [row.pk for row in first_rows(rows, number)]
    return first_among(rows.values_list("pk", flat=True), rows, number)


def first_among(rows: QuerySet, all_rows: QuerySet, number: int) -> list[Any]:
    """Return the first of the rows, which are some of a list, read in parts of the list."""
    if source_of(all_rows):
        return rows_after(rows if source_of(rows) else partly(rows, all_rows), "", number)[0]
    found, ordered = list[Any](), ordered_after(rows, "", all_rows, *columns_of(all_rows), False)
    for part, _is_last in slices(all_rows, READ_AT_ONCE):
        found += ordered.filter(part)[: number - len(found)]
        if len(found) == number:
            break
    return found


def source_of(rows: QuerySet) -> Source | None:
    return getattr(rows, "source", None)


def partly(rows: QuerySet, all_rows: QuerySet) -> QuerySet:
    """Let the rows, which are some of a list, be looked for among those of the list."""
    source = source_of(all_rows) or unindexed(all_rows)
    return found_by(rows, replace(source, is_exact=False))


def capped_count(rows: QuerySet, maximum: int = MAX_COUNT) -> CappedCount:
    """Count the rows up to a maximum: counting a million takes a database too long for a page."""
    source = source_of(rows)
    if source and not source.is_exact:
        return count_among(rows, source, maximum)
    if maximum < AT_ONCE:
        number = rows_of(rows).order_by()[: maximum + 1].count()
        return CappedCount(min(number, maximum), number > maximum)
    number = 0
    for part, is_last in slices(rows):
        number += rows_of(rows).filter(part).order_by().count() if is_last else AT_ONCE
        if number > maximum:
            break
    return CappedCount(min(number, maximum), number > maximum)


def count_among(rows: QuerySet, source: Source, maximum: int) -> CappedCount:
    """Count the rows up to a maximum among so many keys of their source, or `MAX_READ` of them."""
    number, read, last = 0, 0, ""
    while number <= maximum and read < max(MAX_READ, maximum):
        part = ordered_after(source.rows, last, rows, source.key, source.domain, False)
        keys = list(part.values_list(source.key, flat=True)[:READ_AT_ONCE])
        number += rows.order_by().filter(pk__in=keys).count()
        if len(keys) < READ_AT_ONCE:
            return CappedCount(min(number, maximum), number > maximum)
        read, last = read + len(keys), keys[-1]
    return CappedCount(min(number, maximum), True)


def exceeds(rows: QuerySet, maximum: int) -> bool:
    """Say whether there are more rows: to count some of them, MariaDB reads them twice."""
    if maximum < MAX_READ:
        return rows.order_by()[maximum : maximum + 1].exists()
    return capped_count(rows, maximum).more


def tables() -> set[str]:
    """Return the names of all tables and views in the mail database."""
    return set(connections["mail"].introspection.table_names(include_views=True))


def in_domains(names: Collection[str], column: str = "domain") -> Q:
    """Return the condition for the rows of these domains.

    For an equality, MariaDB may read a whole domain to find a few keys in it; not for a range.
    """
    if len(names) == 1 and connections["mail"].vendor == "mysql":
        (name,) = names
        return Q(**{f"{column}__gte": name, f"{column}__lte": name})
    return Q(**{f"{column}__in": sorted(names)})


def domain_names(domains: QuerySet, maximum: int = 50) -> tuple[list[str], bool]:
    """Return the names of the first of these domains, and whether there are more."""
    names = list(domains.values_list("pk", flat=True)[: maximum + 1])
    return names[:maximum], len(names) > maximum


def rows_after(
    rows: QuerySet, key: Any, number: int, descending: bool = False
) -> tuple[list[Any], bool]:
    """Return the first rows after a key and whether more follow, by domain and key or by key.

    An empty key means the start of the table or, if descending, its end.
    """
    page = page_after(rows, key, number, descending)
    return page.rows, page.more


def page_after(
    rows: QuerySet, key: Any, number: int, descending: bool = False, maximum: int | None = None
) -> Page:
    """Return the same; of a source, look at no more than a maximum of keys."""
    source = source_of(rows)
    if source is None:
        found = list(ordered_after(rows, key, rows, "pk", "domain_id", descending)[: number + 1])
        return Page(found[:number], len(found) > number)

    def following(key: str, size: int) -> list[Place]:
        part = ordered_after(source.rows, key, rows, source.key, source.domain, descending)
        return [(name, name) for name in part.values_list(source.key, flat=True)[:size]]

    return page_of_index(rows, following, key, number, maximum)


def with_keys(rows: QuerySet, keys: Sequence[str]) -> Iterator[Any]:
    """Yield those of the rows that have one of many keys."""
    for start in range(0, len(keys), READ_AT_ONCE):
        yield from rows.filter(pk__in=keys[start : start + READ_AT_ONCE])


def page_of_index(
    rows: QuerySet, following: Following, place: str, number: int, maximum: int | None = None
) -> Page:
    """Return the first rows behind a place of an index, whether or not all of its keys are rows."""
    found, size, read = list[Any](), min(number + 1, READ_AT_ONCE), 0
    while len(found) <= number and (maximum is None or read < maximum):
        places = following(place, size + 1)
        is_end = len(places) <= size
        keys = [key for _place, key in places[:size]]
        by_key = {row.pk.lower(): row for row in rows.order_by().filter(pk__in=keys)}
        for place, key in places[:size]:
            if row := by_key.get(key.lower()):
                row.place = place
                found.append(row)
        if is_end:
            return Page(found[:number], len(found) > number)
        size, read = READ_AT_ONCE, read + size
    return Page(found[:number], True, "" if len(found) > number else place)


def page_of_keys(
    rows: QuerySet, keys: Sequence[str], key: str, number: int, backwards: bool
) -> Page:
    """Return the rows of the keys that follow one or precede it, in the order of the keys."""
    place = {each.lower(): at for at, each in enumerate(keys)}.get(key.lower())
    if backwards:
        first = max((place or 0) - number, 0)
        chosen, more = keys[first : place or 0], first > 0
    else:
        first = 0 if place is None else place + 1
        chosen, more = keys[first : first + number], first + number < len(keys)
    found = {row.pk.lower(): row for row in rows.order_by().filter(pk__in=chosen)}
    shown = [found[each.lower()] for each in chosen if each.lower() in found]
    return Page(shown[::-1] if backwards else shown, more)


def ordered_after(
    keys: QuerySet, after: Any, rows: QuerySet, key: str, domain: str, descending: bool
) -> QuerySet:
    """Return the keys that follow another, in the order of the rows; the two may be the same."""
    side, sign = ("lt", "-") if descending else ("gt", "")
    by_domain = rows.query.order_by == BY_DOMAIN
    if after:
        keys = keys.filter(beyond(rows, after, side, key, domain))
    order = (domain, key) if by_domain else (key,)
    return keys.order_by(*(f"{sign}{column}" for column in order))


def beyond(rows: QuerySet, place: str, lookup: str, key: str, domain: str) -> Q:
    """Return the condition for the keys on one side of another, in the order of the rows."""
    condition = Q(**{f"{key}__{lookup}": place})
    if rows.query.order_by != BY_DOMAIN:
        return condition
    name = domain_of(rows.model, place)
    return Q(condition, **{domain: name}) | Q(**{f"{domain}__{lookup[:2]}": name})


def slices(rows: QuerySet, number: int | None = None) -> Iterator[tuple[Q, bool]]:
    """Yield conditions that divide the rows, or an exact source's, into parts of a number, or of
    `AT_ONCE`, and which is the last: for reading all of them with no statement that reads more.
    """
    number = number or AT_ONCE
    keys, key, domain = rows_of(rows), *columns_of(rows)
    behind, last = Q(), ""
    while True:
        following = ordered_after(keys, last, rows, key, domain, False)
        found = list(following.values_list(key, flat=True)[number - 1 : number])
        if not found:
            yield behind, True
            return
        (last,) = found
        yield behind & beyond(rows, last, "lte", key, domain), False
        behind = beyond(rows, last, "gt", key, domain)


def rows_of(rows: QuerySet) -> QuerySet:
    """Return where the keys of the rows are: themselves, or their source."""
    source = source_of(rows)
    return source.rows if source else rows


def columns_of(rows: QuerySet) -> tuple[str, str]:
    source = source_of(rows)
    return (source.key, source.domain) if source else ("pk", "domain_id")


def domain_of(model: Any, key: str) -> str:
    """Return the domain of a row of another program too, which needn't be that of its address."""
    names = model._base_manager.filter(pk=key).values_list("domain_id", flat=True)
    return str(names.first() or key.rpartition("@")[2])


def batches(
    rows: QuerySet,
    number: int = BATCH,
    key: Callable[[Any], Any] = attrgetter("pk"),
    descending: bool = False,
    after: str = "",
) -> Iterator[list[Any]]:
    """Yield all rows in batches: MySQL's client library keeps a whole result in memory."""
    last, more = after, True
    while more:
        found, more = rows_after(rows, last, number, descending)
        if found:
            yield found
            last = key(found[-1])


def new_row(model: type[M], values: dict[str, Any]) -> M:
    """Return a row that isn't saved yet, from the values of all columns.

    It is made as pickle makes it, which takes an eighth of the time of `model(**values)`.
    """
    row = model.__new__(model)
    row.__dict__ = {**values, "_state": ModelState()}
    return row


def renamed(column: str, old: str, new: str) -> Concat:
    """Return an expression for the addresses in a column with the new name of their domain."""
    start = Substr(F(column), 1, Length(F(column)) - len(old), output_field=CharField())
    return Concat(start, Value(new), output_field=CharField())


def any_of(columns: Sequence[str], lookup: str, text: str) -> Q:
    """Return the condition that one of the columns matches."""
    condition = Q()
    for column in columns:
        condition |= Q(**{f"{column}__{lookup}": text})
    return condition
