"""Lists as CSV: complete, and without a cell that a spreadsheet takes for a formula."""

import csv
import re
from itertools import product
from operator import attrgetter
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from mailboxes import actions, queries
from mailboxes.addresses import CatchAll, DomainName
from mailboxes.csv_download import csv_lines
from mailboxes.models import Domain, Mailbox, Usage
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX, signed_in
from tests.conftest import TESTER, logged


def csv_rows(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200
    return list(csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()))


def test_the_csv_contains_the_search_results(
    rita: Client, anna: Mailbox, bob: Mailbox, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.batches, "__defaults__", (50, attrgetter("pk"), False, ""))
    Usage.objects.create(username=anna.pk, bytes=7, messages=2)
    answer = rita.get(f"{MAILBOX}csv/?q=anna")
    assert answer["Content-Disposition"].startswith('attachment; filename="mailboxes-')
    head, row = csv_rows(answer)
    assert head[:4] == ["address", "name", "active", "quota_bytes"]
    assert row[:7] == [anna.pk, "Anna Berg", "True", "0", "7", "2", ""]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+Z", row[7])
    everything = csv_rows(rita.get(f"{MAILBOX}csv/?after={many[70]}"))
    assert [row[0] for row in everything[1:]] == [anna.pk, bob.pk, *many]
    assert len(logged("mailbox.download")) == 2


def test_a_domains_limits_are_named_as_on_its_page(rita: Client, domain: Domain) -> None:
    head = csv_rows(rita.get(f"{DOMAIN}csv/"))[0]
    assert head[3:7] == ["mailboxes", "max_mailboxes", "aliases", "max_aliases"]
    assert head[7:9] == ["quota_per_mailbox_bytes", "total_quota_bytes"]


def test_every_list_can_be_downloaded_as_csv(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    for name, first in (
        ("domain", ["example.net", "", "True", "0", "0", "0", "0", "0", "0"]),
        ("alias", ["anna@example.org", "anna@example.org"]),
        ("aliasdomain", ["example.net", "example.org", "True"]),
    ):
        rows = csv_rows(rita.get(f"/admin/mailboxes/{name}/csv/?kind=all" if name == "alias" else
                                f"/admin/mailboxes/{name}/csv/"))  # fmt: skip
        assert rows[1][: len(first)] == first


@pytest.mark.finding("csv-formula")
def test_formulas_in_the_csv_are_escaped(rita: Client, domain: Domain) -> None:
    actions.create_alias(TESTER, CatchAll("example.org"), ["x@example.edu"])
    assert csv_rows(rita.get(f"{ALIAS}csv/"))[1][0] == "'@example.org"
    values = ["=1+1", "+1a", "-1a", "@x", "\t=1", "\r=1", " =1", "anna@example.org"]
    [_bom, _columns, line] = csv_lines([], [values])
    assert line == "'=1+1,'+1a,'-1a,'@x,'=1,'=1,'=1,anna@example.org\r\n"


def cells(value: str, delimiter: str) -> list[str]:
    """Return the cells of a file with this text in column b, as a spreadsheet splits it."""
    file = "".join(csv_lines(["a", "b", "c"], [["x", value, "y"]])).removeprefix("\ufeff")
    read = csv.reader(file.splitlines(), delimiter=delimiter)
    return [cell.lstrip() for row in read for cell in row]


SIGNS = "=+-@|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05\ufe66\ufe62\ufe63\ufe6b\ufe6a"


@pytest.mark.finding("csv")
@pytest.mark.finding("csv-formula")
@pytest.mark.parametrize(
    "before", ["", " ", "x;", "x;;", "x; ", 'x;"', 'x; "', "x\t", "x\n", "x\r\n", "x\u2028"]
)
def test_no_cell_starts_a_formula_wherever_a_spreadsheet_splits(before: str) -> None:
    for sign, delimiter in product(SIGNS, ",;\t"):
        found = cells(f"{before}{sign}1+1;y", delimiter)
        assert any("1+1" in cell for cell in found)
        assert not [cell for cell in found if cell.startswith(sign)], found


@pytest.mark.finding("csv")
@pytest.mark.finding("csv-formula")
@given(st.text(f"{SIGNS}ax1;,\t\n\r\"' "), st.sampled_from(",;\t"))
def test_no_text_starts_a_formula(text: str, delimiter: str) -> None:
    for cell in cells(text, delimiter):
        assert not cell.startswith(tuple(SIGNS)) or re.fullmatch(r"-[\d.,]*", cell), cell


@pytest.mark.finding("csv")
@pytest.mark.parametrize(
    "text",
    [
        "anna@example.org",
        "Anna-Maria Berg",
        "Anna - Berg",
        "a;b; c",
        "-1.5",
        "2026-11-26T12:00:00Z",
        "a = b + c",
        "first\nsecond",
        "50 %",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    [_bom, _columns, line] = csv_lines([], [[text]])
    assert next(csv.reader([line])) == [text]


def test_downloading_the_csv_requires_a_role(anna: Mailbox) -> None:
    assert signed_in("auditor").get(f"{MAILBOX}csv/").status_code == 200
    assert signed_in("", name="nora").get(f"{MAILBOX}csv/").status_code == 302
    assert Client().get(f"{MAILBOX}csv/").status_code == 302
