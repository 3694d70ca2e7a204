"""Counting and reading many rows in parts."""

import pytest
from django.db import connections
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from mailboxes import queries
from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.flags import flagged
from mailboxes.models import Alias, Domain
from mailboxes.queries import (
    BY_DOMAIN,
    CappedCount,
    Source,
    capped_count,
    first_among,
    first_keys,
    first_rows,
    found_by,
)

DOMAINS = ("a.example", "b.example", "c.example")


def by_key() -> QuerySet:
    return Alias.objects.order_by("pk")


def by_domain() -> QuerySet:
    return Alias.objects.filter(domain__in=DOMAINS[1:]).order_by(*BY_DOMAIN)


def by_flag() -> QuerySet:
    return found_by(by_key(), Source(flagged(Flag.ALIAS)))


@pytest.fixture(autouse=True)
def aliases(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Aliases in domains of different sizes, whose addresses are in another order."""
    monkeypatch.setattr(queries, "AT_ONCE", 3)
    for number, name in enumerate(DOMAINS):
        Domain.objects.create(domain=name)
        for local_part in range(3 + 2 * number):
            address = f"{local_part}@{name}"
            Alias.objects.create(address=address, goto="x@e.example", domain_id=name)


@pytest.mark.parametrize("rows", [by_key, by_domain, by_flag])
def test_rows_are_counted_up_to_a_maximum(rows: object) -> None:
    number = 12 if rows is by_domain else 15
    for maximum in range(3, 20):
        found = capped_count(rows(), maximum)  # type: ignore[operator]
        assert found == CappedCount(min(number, maximum), number > maximum), maximum


@pytest.mark.parametrize("rows", [by_key, by_domain])
def test_each_row_is_in_one_part(rows: object) -> None:
    every: QuerySet = rows()  # type: ignore[operator]
    parts = [[row.pk for row in every.filter(part)] for part, _ in queries.slices(every)]
    assert [key for part in parts for key in part] == [row.pk for row in every]
    assert {len(part) for part in parts[:-1]} == {3} and len(parts[-1]) < 3


@pytest.mark.parametrize("rows", [by_key, by_domain, by_flag])
def test_many_rows_are_read_in_parts(rows: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "READ_AT_ONCE", 2)
    every: QuerySet = rows()  # type: ignore[operator]
    keys = [row.pk for row in every.all()]
    for number in (2, 6, 7, len(keys), len(keys) + 1):
        assert [row.pk for row in first_rows(every, number)] == keys[:number], number
        assert first_keys(every, number) == keys[:number]
    some = [key for key in keys if key.startswith("1")]
    with CaptureQueriesContext(connections["mail"]) as found:
        chosen = first_among(every.filter(address__startswith="1"), every, 2)
    assert [row.pk for row in chosen] == some[:2]
    # Without an index, each statement has the ends of its part.
    read = [query["sql"] for query in found if "goto" in query["sql"]]
    assert read and all(" > " in sql or "<=" in sql or " IN " in sql for sql in read)
