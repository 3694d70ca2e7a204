"""The list of mailboxes in the order of usage and of the last sign-in."""

import re
from typing import Any

import pytest
from django.test import Client

from mailboxes import queries, sorting
from mailboxes.access.roles import Role
from mailboxes.models import Domain, LastLogin, Mailbox, Usage
from tests.admin.conftest import MAILBOX, shown, signed_in
from tests.conftest import add_mailbox, forget_lookups

USED = {"a@b.example": 30, "b@b.example": 10, "c@c.example": 20, "d@b.example": 0, "e@c.example": 0}
NAMES = [*USED]
BY_USAGE = ["a@b.example", "c@c.example", "b@b.example", "e@c.example", "d@b.example"]
KINDS = ["in memory", "index", "adopted"]


@pytest.fixture(params=KINDS)
def five(request: pytest.FixtureRequest, rita: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Mailboxes of which some store something, and one was used; sorted in each of the ways."""
    for name in NAMES:
        add_mailbox(name, "x", active=name != "b@b.example")
    Usage.objects.bulk_create(
        Usage(username=name.upper(), bytes=used) for name, used in USED.items() if used
    )
    LastLogin.objects.create(username="d@b.example", domain="b.example", last_login=5)
    LastLogin.objects.create(username="e@c.example", domain="c.example", last_login=7)
    monkeypatch.setattr("mailboxes.admin.changelist.ListAdmin.list_per_page", 2)
    if request.param == "adopted":
        forget_lookups()
    if request.param == "index":
        monkeypatch.setattr(sorting, "MAX_SORTED", 0)
    return rita


def link(page: Any, relation: str) -> str:
    found = re.search(rf'rel="{relation}" href="([^"]+)"', page.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


def walked(client: Client, question: str, relation: str = "next") -> list[str]:
    """Return what all pages show that follow one another."""
    found, url = [], question
    while url:
        page = client.get(MAILBOX + url)
        rows = shown(page)
        found += rows if relation == "next" else rows[::-1]
        last, url = url, link(page, relation)
        assert "sort=" in last
    return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("sort=-usage", BY_USAGE),
        ("sort=usage", BY_USAGE[::-1]),
        ("sort=-sign-in", ["e@c.example", "d@b.example", *NAMES[2::-1]]),
        ("sort=-usage&domain=b.example", ["a@b.example", "b@b.example", "d@b.example"]),
        ("sort=usage&domain=c.example", ["e@c.example", "c@c.example"]),
        ("sort=usage&q=@c.example", ["e@c.example", "c@c.example"]),
        ("sort=-usage&q=b", ["a@b.example", "b@b.example", "d@b.example"]),
        ("sort=-usage&active__exact=1", [name for name in BY_USAGE if name != "b@b.example"]),
        ("sort=-usage&active__exact=0", ["b@b.example"]),
        ("sort=-usage&domain=c.example&active__exact=0", []),
    ],
)
def test_the_list_is_sorted_on_all_its_pages(five: Client, asked: str, expected: list[str]) -> None:
    assert walked(five, f"?{asked}") == expected


def test_pages_can_be_followed_back_and_a_row_that_is_gone_changes_nothing(five: Client) -> None:
    first = five.get(f"{MAILBOX}?sort=-usage")
    third = MAILBOX + link(five.get(MAILBOX + link(first, "next")), "next")
    assert shown(five.get(third)) == BY_USAGE[4:]
    back = five.get(MAILBOX + link(five.get(third), "prev"))
    assert shown(back) == BY_USAGE[2:4]
    assert shown(five.get(MAILBOX + link(back, "prev"))) == BY_USAGE[:2]
    for place in ("", "x", "9" * 30 + ":a", ":", "5:ü@b.example"):
        assert five.get(MAILBOX, {"sort": "usage", "after": place}).status_code == 200


@pytest.mark.parametrize("five", ["index"], indirect=True)
def test_sorting_by_an_index_goes_on_where_it_was_though_the_row_is_gone(five: Client) -> None:
    following = link(five.get(f"{MAILBOX}?sort=-usage"), "next")
    Mailbox.objects.filter(pk=BY_USAGE[1]).delete()
    assert shown(five.get(MAILBOX + following)) == BY_USAGE[2:4]


def test_a_list_of_some_domains_is_sorted_within_them(five: Client) -> None:
    otto = signed_in(Role.DOMAIN_ADMINISTRATOR, "c.example")
    assert walked(otto, "?sort=-usage") == ["c@c.example", "e@c.example"]


@pytest.mark.parametrize("five", ["index"], indirect=True)
def test_few_matches_among_many_rows_are_looked_for_in_parts(
    five: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MAX_READ", "READ_AT_ONCE"):
        monkeypatch.setattr(queries, name, 1)
        monkeypatch.setattr(sorting, name, 1)
    monkeypatch.setattr("mailboxes.admin.changelist.ListAdmin.list_per_page", 1)
    page = five.get(f"{MAILBOX}?sort=usage&active__exact=0")
    assert shown(page) == [] and "up to <b>d@b.example</b>" in page.content.decode()
    assert walked(five, "?sort=usage&active__exact=0") == ["b@b.example"]


def test_the_headings_sort_the_list_and_say_how_it_is_sorted(five: Client) -> None:
    def headings(question: str) -> dict[str, tuple[str, str]]:
        text = five.get(MAILBOX + question).content.decode()
        found = re.findall(
            r'<th scope="col" class="column-(\w+)"(?: aria-sort="(\w+)")?>(?:<a href="([^"]+)")?',
            text,
        )
        return {name: (state, url.replace("&amp;", "&")) for name, state, url in found}

    plain = headings("?active__exact=1&after=a@b.example")
    assert plain["usage"] == ("", "?active__exact=1&sort=-usage")
    assert plain["signed_in"] == ("", "?active__exact=1&sort=-sign-in")
    assert plain["name_link"] == plain["status"] == ("", "")
    found = headings("?sort=-usage")
    assert found["usage"] == ("descending", "?sort=usage") and found["name_link"] == ("", "?")
    assert headings("?sort=usage")["usage"] == ("ascending", "?sort=-usage")
    assert headings("?sort=password")["usage"] == ("", "?sort=-usage")
    german = five.get(MAILBOX, HTTP_ACCEPT_LANGUAGE="de").content.decode()
    assert ">Sortierung</h2>" in german and 'aria-current="true">Adresse' in german
    assert '<li class="in-heading">' in five.get(f"{MAILBOX}?sort=usage").content.decode()


def test_links_and_bulk_actions_keep_the_order(five: Client) -> None:
    text = five.get(f"{MAILBOX}?sort=-usage").content.decode()
    assert '<input type="hidden" name="sort" value="-usage">' in text
    assert "?active__exact=0&amp;sort=-usage" in text and "?domain=b.example&amp;sort=" in text
    chosen = {"action": "disable", "select_across": "1", "_selected_action": ["a@b.example"]}
    five.post(f"{MAILBOX}?sort=-usage", chosen | {"post": "yes", "handling": "delivered"})
    assert not Mailbox.objects.filter(active=True).exists()


def test_too_many_mailboxes_of_an_adopted_database_are_not_sorted(
    rita: Client, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a@example.org", "b@example.org"):
        add_mailbox(name, "x")
    assert "Sorted by" not in rita.get(MAILBOX).content.decode()  # nothing is recorded yet
    Usage.objects.create(username="b@example.org", bytes=5)
    forget_lookups()
    assert shown(rita.get(f"{MAILBOX}?sort=-usage")) == ["b@example.org", "a@example.org"]
    monkeypatch.setattr("mailboxes.admin.filters.MAX_SORTED", 1)
    page = rita.get(f"{MAILBOX}?sort=-usage")
    assert shown(page) == ["a@example.org", "b@example.org"]
    assert (
        '<li><a href="?" title="Sorted by: Address; others not available' in page.content.decode()
    )
    assert "sort=usage" not in page.content.decode()
