"""Searching the log: all is found, in pieces if need be, and by an index."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailboxes import actions
from mailboxes.actions.base import subject_of
from mailboxes.audit import chain, search
from mailboxes.audit.log import begin
from mailboxes.audit.models import Entry, Subject
from mailboxes.audit.search import Search
from mailboxes.models import Mailbox
from tests.conftest import TESTER

pytestmark = pytest.mark.logged_fixtures

URL = "/admin/log/"
DAY = datetime(2020, 1, 5, tzinfo=UTC)
NEXT = datetime(2020, 1, 6, tzinfo=UTC)


def found(asked: Search, before: int = 0, number: int = 50) -> list[str]:
    return [entry.action for entry in asked.page(before, number)[0]]


def test_an_action_that_is_rare_in_its_domain_is_searched_for_in_pieces(
    rita: Client, bob: Mailbox, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MAX_SCANNED", 2)
    asked = {"q": "example.org", "action": "domain.create"}
    page = rita.get(URL, asked)
    assert page.context["entries"] == [] and page.context["older"]
    assert "Older ones haven't been searched yet." in page.content.decode()
    page = rita.get(URL, asked | {"before": page.context["older"]})
    [logged] = page.context["entries"]
    assert logged.entry.action == "domain.create" and not page.context["older"]
    sheet = b"".join(rita.get(URL, asked | {"csv": "1"})).decode()
    assert len(sheet.splitlines()) == 2


def test_pages_of_several_kinds_of_matches_leave_out_nothing(anna: Mailbox, bob: Mailbox) -> None:
    actions.set_active(TESTER, anna, False)
    asked, before, pages = Search("example.org"), 0, []
    while True:
        page, before = asked.page(before, 1)
        pages += [entry.action for entry in page]
        if not before:
            break
    assert pages == ["mailbox.disable", "mailbox.create", "mailbox.create", "domain.create"]
    assert pages == found(asked)


def test_a_time_is_found_although_the_clock_was_set_back(anna: Mailbox, bob: Mailbox) -> None:
    begun = Entry.objects.filter(phase="begun").order_by("seq")
    for entry, hour in zip(begun, (6, 3, 12), strict=True):
        Entry.objects.filter(pk=entry.seq).update(at=DAY.replace(hour=hour))
    three = ["mailbox.create", "mailbox.create", "domain.create"]
    assert found(Search(since=DAY, until=NEXT)) == found(Search(until=NEXT)) == three
    assert found(Search(since=DAY.replace(hour=4), until=NEXT)) == three[1:]
    assert found(Search(until=DAY)) == found(Search(since=NEXT)) == []


def test_an_object_of_a_later_batch_is_found_with_the_whole_action(
    anna: Mailbox, bob: Mailbox
) -> None:
    first = actions.set_active_in_bulk(TESTER, [anna], False)
    begin(TESTER, "mailbox.disable", [subject_of(bob, {"active": [True, False]})], first.entry)
    [newest, *_] = Search(bob.pk).page(0, 50)[0]
    assert newest.seq == first.entry and Search(bob.pk).page(first.entry or 0, 50)[0] != []


def test_an_object_that_was_moved_to_another_action_is_named(anna: Mailbox) -> None:
    row = Subject.objects.get(name=anna.pk)
    Subject.objects.filter(pk=row.pk).update(start=1)
    fault = chain.verify()
    assert fault and fault.seq == row.entry_id and "no longer matches" in fault.reason


@pytest.mark.skipif(connection.vendor != "sqlite", reason="tests/stack/test_growth.py counts rows")
@pytest.mark.parametrize(
    "asked",
    [
        Search(),
        Search("anna@example.org"),
        Search(action="mailbox.create"),
        Search("tester", "mailbox.create"),
        Search(since=DAY),
        Search("tester", since=DAY, until=NEXT),
        Search("anna@example.org", "mailbox.create", actor="tester"),
        Search(action="mailbox.create", actor="tester"),
    ],
    ids=str,
)
def test_each_search_is_answered_by_indexes_on_sqlite(anna: Mailbox, asked: Search) -> None:
    with CaptureQueriesContext(connection) as queries:
        asked.page(0, 50)
    for query in queries.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            plan = [row[-1] for row in cursor.fetchall()]
        assert plan and all("USING" in line and "TEMP B-TREE" not in line for line in plan), plan
