"""Inserting many rows with few statements; stack/test_mariadb.py runs this on MariaDB too."""

import json

import pytest
from django.db import IntegrityError, transaction

from mailboxes import inserts
from mailboxes.fields import LONG_AGO
from mailboxes.inserts import inserting
from mailboxes.models import Alias

pytestmark = pytest.mark.usefixtures("tables")
NUMBER = 2 * inserts.ROWS + 1
DATES = {"created": LONG_AGO, "modified": LONG_AGO}
AWKWARD = ["it's", "a\\", '"b"', "%s", "c\x1fd", "\x1f", "new\nline", ";--", "(1),", "\x1a", ""]


def aliases(*targets: str) -> list[Alias]:
    return [
        Alias(
            address=f"u{place}@example.org",
            goto=target,
            domain_id="example.org",
            **DATES,
        )
        for place, target in enumerate(targets)
    ]


def test_rows_are_divided_into_statements_of_limited_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inserts, "MAX_STATEMENT", 10)
    rows = [(b"1", b"'a'"), (b"2", b"'b'"), (b"3", b"'long enough alone'"), (b"4", b"'c'")]
    found = [b"(1,'a'),(2,'b')", b"(3,'long enough alone')", b"(4,'c')"]
    assert list(inserts.joined(rows)) == found
    assert list(inserts.joined([])) == []


def test_rows_are_there_before_another_statement_and_after_the_block() -> None:
    rows = aliases(*["a@example.net"] * NUMBER)
    with inserting("mail") as inserted:
        inserted.add(Alias, rows[:-1])
        inserted.add(Alias, rows[-1:])
        assert Alias.objects.count() == NUMBER
        inserted.add(
            Alias, [Alias(address="last@example.org", goto="x", domain_id="example.org", **DATES)]
        )
    assert Alias.objects.count() == NUMBER + 1
    assert not any(row._state.adding for row in rows)


@pytest.mark.parametrize("targets", [AWKWARD, AWKWARD[:4], ["it's", "it's"]])
def test_values_are_stored_as_they_are(targets: list[str]) -> None:
    inserts.insert_many(Alias, aliases(*targets), "mail")
    found = dict(Alias.objects.values_list("address", "goto"))
    assert found == {f"u{place}@example.org": text for place, text in enumerate(targets)}


def test_a_refused_row_stops_the_block_and_the_connection_goes_on() -> None:
    rows = aliases(*["a@example.net"] * NUMBER)
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(using="mail"),
        inserting("mail") as inserted,
    ):
        inserted.add(Alias, rows)
        inserted.add(Alias, rows[:1])
    assert not Alias.objects.exists()


def test_an_error_in_the_block_leaves_the_connection_usable() -> None:
    rows = aliases(*["a@example.net"] * NUMBER)
    with (
        pytest.raises(ZeroDivisionError),
        transaction.atomic(using="mail"),
        inserting("mail") as inserted,
    ):
        inserted.add(Alias, rows)
        raise ZeroDivisionError
    assert not Alias.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        [{"name": [None, 'O\'Neil, "x"']}, {}, {"active": [True, False]}],
        ["\x1f", ", "],
        [[1, "\x1f", 2]],
    ],
)
def test_values_are_encoded_one_by_one(values: list[object]) -> None:
    assert inserts.json_texts(values, json.dumps) == [json.dumps(value) for value in values]
