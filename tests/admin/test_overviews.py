"""The pages of a domain and of a mailbox show what belongs to them."""

import re

import pytest
from django.test import Client

from mailboxes import actions, queries
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.admin import overviews
from mailboxes.models import Domain, Mailbox, Usage
from tests.admin.conftest import DOMAIN, MAILBOX, signed_in
from tests.conftest import PASSWORD, TESTER, forget_lookups


def forward(address: str, *targets: str) -> None:
    actions.create_alias(TESTER, Address.parse(address), list(targets))


def test_a_mailbox_shows_the_aliases_and_groups_that_forward_to_it(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    forward("info@example.org", anna.pk)
    forward("board@example.org", anna.pk, "x@example.edu")
    forward("other@example.org", bob.pk, "not-anna@example.org.uk")
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    forward("sales@example.net", anna.pk)
    Usage.objects.create(username=anna.pk, bytes=2**20)
    found = rita.get(f"{MAILBOX}{anna.pk}/change/").context["overview"]
    assert [row.pk for row in found["aliases"].rows] == ["info@example.org", "sales@example.net"]
    assert [row.pk for row in found["groups"].rows] == ["board@example.org"]
    assert "1 MiB" in found["used"]
    client = signed_in("domain", "example.org")
    found = client.get(f"{MAILBOX}{anna.pk}/change/").context["overview"]
    assert [row.pk for row in found["aliases"].rows] == ["info@example.org"]


def test_of_many_aliases_only_the_first_are_shown(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overviews, "MAX_LISTED", 2)
    for number in range(3):
        forward(f"a{number}@example.org", anna.pk)
    found = rita.get(f"{MAILBOX}{anna.pk}/change/")
    assert len(found.context["overview"]["aliases"].rows) == 2
    assert "Show all in the list" in found.content.decode()
    found = rita.get(f"{DOMAIN}example.org/change/").context["overview"]["aliases"]
    assert [row.pk for row in found.rows] == ["a0@example.org", "a1@example.org"] and found.more


def test_a_domain_shows_what_it_has_and_what_is_wrong(
    rita: Client, anna: Mailbox, bob: Mailbox
) -> None:
    Domain.objects.filter(pk="example.org").update(mailboxes=2)
    actions.create_alias(TESTER, CatchAll("example.org"), [anna.pk])
    actions.create_domain(TESTER, DomainName.parse("example.com"))
    actions.create_alias_domain(TESTER, "example.com", "example.org")
    forward("dead@example.org", "nobody@example.org.invalid")
    actions.set_quota_in_bulk(TESTER, [anna, bob], 2**30)
    Usage.objects.create(username=bob.pk, bytes=2**30)
    actions.set_active(TESTER, anna, False)
    page = rita.get(f"{DOMAIN}example.org/change/")
    found, text = page.context["overview"], page.content.decode()
    assert [(one.text, one.limit) for one in found["totals"]] == [
        ("2", "of 2"),
        ("2", ""),
        ("2 GiB", ""),
    ]
    assert found["totals"][0].is_full and found["catch_all"].pk == "@example.org"
    assert [name for name, _ in found["alias_domains"]] == ["example.com"]
    problems = [one.text for one in found["problems"]]
    assert "1 mailbox is nearly full." in problems and "1 mailbox is disabled." in problems
    assert "@example.org forwards to addresses that don't exist or are disabled." in problems
    assert [row.pk for row in found["mailboxes"].rows] == [anna.pk, bob.pk]
    assert "100% full" in text and f"{MAILBOX}?domain=example.org" in text
    assert "All its addresses forward" in rita.get(f"{DOMAIN}example.com/change/").content.decode()


def test_in_an_adopted_database_the_pages_are_bounded(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward("info@example.org", anna.pk)
    forget_lookups()
    found = rita.get(f"{DOMAIN}example.org/change/").context["overview"]
    assert [row.pk for row in found["aliases"].rows] == ["info@example.org"]
    assert [one.text for one in found["totals"]] == ["1", "1"]
    url = f"{MAILBOX}{anna.pk}/change/"
    assert len(rita.get(url).context["overview"]["aliases"].rows) == 1
    assert "1 other alias." in rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    numbers = r">(\d+|more than \d+|not counted)</a>"
    assert re.findall(numbers, rita.get(DOMAIN).content.decode()) == ["1", "1"]
    monkeypatch.setattr(queries.capped_count, "__defaults__", (1,))
    actions.create_mailbox(TESTER, Address.parse("bob@example.org"), PASSWORD)
    assert re.findall(numbers, rita.get(DOMAIN).content.decode()) == ["more than 1", "not counted"]
    sheet = b"".join(rita.get(f"{DOMAIN}csv/")).decode().splitlines()[1]
    assert sheet.startswith("example.org,,True,2,0,1,0")
    monkeypatch.setattr("mailboxes.forwarding.findings.MAX_ALIASES", 1)
    for page in (f"{DOMAIN}example.org/delete/", f"{MAILBOX}{anna.pk}/delete/"):
        text = rita.get(page).content.decode()
        assert "too many rows to check which aliases lose mail" in text
    assert (
        "Its other aliases, which weren"
        in rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    )
    monkeypatch.setattr("mailboxes.forwarding.sources.MAX_ROWS", 1)
    assert "too many aliases to look for them" in rita.get(url).content.decode()
