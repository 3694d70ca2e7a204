"""Columns of addresses: many values are looked up as single ones are."""

from typing import Any

import pytest

from mailboxes.models import Mailbox


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (["anna@example.org", "nobody@example.org"], ["anna@example.org"]),
        (["ANNA@Example.org", "anna@example.org"], ["anna@example.org"]),
        (["anna@example.org", "bücher@example.org"], ["anna@example.org"]),
        (["anna@example.org", None], ["anna@example.org"]),
        (["bücher@example.org"], []),
        ([], []),
    ],
)
def test_addresses_are_found_among_others(anna: Mailbox, keys: list[Any], found: list[str]) -> None:
    assert anna.pk == "anna@example.org"
    assert [row.pk for row in Mailbox.objects.filter(pk__in=keys)] == found
    others = Mailbox.objects.exclude(pk__in=[key for key in keys if key])
    assert [row.pk for row in others] == ([] if found else [anna.pk])
