"""The filters of the lists, and the look-ups that they refuse."""

import re

import pytest
from django.test import Client

from mailboxes.models import Alias, Domain, Mailbox
from tests.admin.conftest import ALIAS, MAILBOX, shown


@pytest.mark.parametrize("asked", ["domain=gone.example", "kind=x", "attention=x", "domain=%20"])
def test_filters_are_shown_for_unknown_values_too(rita: Client, anna: Mailbox, asked: str) -> None:
    page = rita.get(f"{ALIAS if 'kind' in asked else MAILBOX}?{asked}").content.decode()
    summaries = re.findall(r"<details class=\"filter\".*?</details>", page, re.S)
    assert all("<summary" in part for part in summaries)
    assert len(summaries) == (4 if "kind" in asked else 3)


def test_many_domains_are_suggested_instead_of_listed(rita: Client, anna: Mailbox) -> None:
    assert '?domain=example.org"' in rita.get(MAILBOX).content.decode()
    Domain.objects.bulk_create(Domain(domain=f"d{number}.example") for number in range(60))
    page = rita.get(MAILBOX).content.decode()
    assert page.count("<option") == 50 and '?domain=example.org"' not in page
    assert shown(rita.get(f"{MAILBOX}?domain=example.org")) == [anna.pk]


def test_the_mailboxes_own_aliases_are_hidden_by_default(rita: Client, anna: Mailbox) -> None:
    form = {"address_0": "@example.org", "goto": "anna@example.org\nx@example.net", "active": "on"}
    assert rita.post(f"{ALIAS}add/", form).status_code == 302
    assert Alias.objects.get(pk="@example.org").goto == "anna@example.org,x@example.net"
    found = {
        kind: rita.get(ALIAS, {"kind": kind} if kind else {}).context["cl"].result_count
        for kind in ("", "own", "all")
    }
    assert found == {"": 1, "own": 1, "all": 2}


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("domain=example.org", 2),
        ("domain=日本", 0),
        ("domain=example.com", 0),
        ("active__exact=0", 0),
        ("active__exact=1", 2),
    ],
)
def test_mailboxes_are_filtered_by_domain_and_status(
    rita: Client, anna: Mailbox, bob: Mailbox, asked: str, count: int
) -> None:
    page = rita.get(f"{MAILBOX}?{asked}")
    assert page.status_code == 200 and page.context["cl"].result_count == count


@pytest.mark.parametrize(
    "asked",
    [
        "password__startswith=%7BCRAM",
        "domain__mailbox__password__startswith=%7BCRAM",
        "token__regex=.",
        "quota__in=99999999999999999999",
        "name=x",
    ],
)
def test_lookups_that_are_not_filters_are_refused(rita: Client, anna: Mailbox, asked: str) -> None:
    assert rita.get(f"{MAILBOX}?{asked}").status_code == 400
