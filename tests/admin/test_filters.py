"""The filters of the lists, and the look-ups that they refuse."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from mailboxes import queries
from mailboxes.admin import changelist
from mailboxes.admin.changelist import ListAdmin
from mailboxes.models import Alias, Domain, Mailbox, Usage
from tests.admin.conftest import ALIAS, MAILBOX, shown, signed_in
from tests.admin.test_changelist import link
from tests.conftest import forget_lookups
from tests.hashes import CRAM as CRAM_MD5
from tests.hashes import SHA512_CRYPT

CRAM = f"{{CRAM-MD5}}{CRAM_MD5}"


def chips(page: Any) -> dict[str, str]:
    """Return what is filtered for, and the links that remove it."""
    found = re.findall(r'<a href="([^"]*)" title="([^"]*)"', page.content.decode())
    return {unescape(title): unescape(url) for url, title in found}


@pytest.mark.parametrize(
    ("asked", "chip"),
    [
        ("domain=gone.example", "Domain: gone.example"),
        ("kind=x", "Kind: X"),
        ("attention=x", "Needs attention: Not available for this many mailboxes"),
        ("domain=%20", ""),
    ],
)
def test_filters_are_shown_for_unknown_values_too(
    rita: Client, anna: Mailbox, asked: str, chip: str
) -> None:
    page = rita.get(f"{ALIAS if 'kind' in asked else MAILBOX}?{asked}")
    groups = re.findall(r"<div role=\"group\".*?</ul>", page.content.decode(), re.S)
    assert [group.count("aria-current") for group in groups] == [1] * (4 if "kind" in asked else 3)
    assert list(chips(page)) == [chip] * bool(chip)


def test_each_filter_that_is_set_can_be_removed_alone(rita: Client, anna: Mailbox) -> None:
    page = rita.get(f"{MAILBOX}?q=anna&domain=example.org&active__exact=1")
    assert chips(page) == {
        "Status: Active": "?domain=example.org&q=anna",
        "Domain: example.org": "?active__exact=1&q=anna",
    }
    assert chips(rita.get(f"{MAILBOX}?q=anna")) == chips(rita.get(MAILBOX)) == {}
    assert chips(rita.get(f"{ALIAS}?kind=all")) == {"Kind: All kinds": "?"}
    log = rita.get("/admin/log/?q=anna&action=mailbox.create&since=2026-01-02")
    assert chips(log) == {
        "Action: mailbox: added": "?q=anna&since=2026-01-02",
        "When: From 2026-01-02": "?q=anna&action=mailbox.create",
    }


def test_administrators_are_filtered_by_status(rita: Client) -> None:
    User.objects.create_user("olaf", is_active=False)
    for value, names in (("1", ["rita"]), ("0", ["olaf"]), ("", ["olaf", "rita"])):
        found = rita.get("/admin/auth/user/", {"is_active__exact": value}).context["cl"].result_list
        assert [user.username for user in found] == names


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


def insert(name: str, **columns: Any) -> str:
    """Add a mailbox and an alias to it, in a domain by the first letter of its name."""
    domain = f"{name[0]}.example"
    Domain.objects.get_or_create(domain=domain)
    address = f"{name}@{domain}"
    columns = {"active": True, "password": SHA512_CRYPT, **columns}
    Mailbox.objects.create(username=address, local_part=name, domain_id=domain, **columns)
    for alias in (address, f"to.{address}"):
        Alias.objects.create(
            address=alias, goto=address, domain_id=domain, active=columns["active"]
        )
    return address


def all_pages(client: Client, url: str, relation: str = "next") -> list[str]:
    """Return what is shown from one page to the next, or the other way round."""
    found, base = [], url.partition("?")[0]
    while url != base:
        page = client.get(url)
        found.append(shown(page))
        url = base + link(page, relation)
    return [name for names in (found if relation == "next" else found[::-1]) for name in names]


@pytest.mark.parametrize(
    ("role", "adopted", "read"),
    [("", False, 1), ("domain", False, 2), ("domain", True, 2), ("", True, 1)],
)
def test_each_filter_shows_the_same_rows_however_few_are_read_at_once(
    rita: Client, role: str, adopted: bool, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From an index of its own, in an adopted database without one, alone and with others."""
    names = [f"{letter}{number}" for letter in "ba" for number in range(3)]
    off = [insert(f"{name}off", active=False, password=CRAM) for name in names[::2]]
    weak = [insert(f"{name}weak", password=CRAM) for name in names[1::2]]
    full = [insert(f"{name}full", quota=10) for name in names[1:3]]
    for address in full:
        Usage.objects.create(username=address, bytes=10)
    if adopted:
        forget_lookups()
    client = signed_in(role, "a.example", "b.example") if role else rita
    monkeypatch.setattr(ListAdmin, "list_per_page", 2)
    monkeypatch.setattr(queries, "READ_AT_ONCE", read)
    monkeypatch.setattr(queries, "MAX_READ", 2 * read)
    monkeypatch.setattr(queries, "MAX_COUNT", read)
    expected = {
        f"{MAILBOX}?active__exact=1": [*weak, *full],
        f"{MAILBOX}?active__exact=0": off,
        f"{MAILBOX}?active__exact=0&domain=a.example": of("a.example", off),
        f"{MAILBOX}?attention=weak": weak,
        f"{MAILBOX}?attention=weak&active__exact=1": weak,
        f"{MAILBOX}?attention=weak&domain=b.example": of("b.example", weak),
        f"{MAILBOX}?attention=full": full,
        f"{MAILBOX}?attention=full&active__exact=0": [],
        f"{ALIAS}?active__exact=0": [f"to.{name}" for name in off],
        f"{ALIAS}?kind=own&active__exact=0&domain=b.example": of("b.example", off),
        f"{ALIAS}?kind=own": [*off, *weak, *full],
    }
    for url, addresses in expected.items():
        by_domain = bool(role)
        addresses = sorted(addresses, key=lambda name: (by_domain and name[-9:], name))
        assert all_pages(client, url) == addresses, url
        if addresses[1:]:
            back = f"{url}&before={addresses[-1]}"
            assert all_pages(client, back, "prev") == addresses[:-1], back


def of(domain: str, addresses: list[str]) -> list[str]:
    return [name for name in addresses if name.endswith(domain)]


def test_all_rows_of_two_filters_are_changed_and_downloaded(
    rita: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "READ_AT_ONCE", 1)
    weak = [insert(f"a{number}weak", password=CRAM) for number in range(3)]
    insert("a1strong")
    off = insert("a1off", password=CRAM, active=False)
    url = f"{MAILBOX}?active__exact=1&attention=weak"
    lines = b"".join(rita.get(url.replace("?", "csv/?"))).decode().splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == weak
    page = rita.post(url, {"action": "disable", "select_across": "1", "post": "yes"})
    assert page.status_code == 302
    assert set(Mailbox.objects.filter(active=False).values_list("pk", flat=True)) == {*weak, off}


def test_a_page_says_where_it_stopped_looking(
    rita: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all aliases, active ones are looked for a few at a time."""
    monkeypatch.setattr(ListAdmin, "list_per_page", 1)
    monkeypatch.setattr(queries, "READ_AT_ONCE", 1)
    monkeypatch.setattr(changelist, "MAX_READ", 3)
    for number in range(6):
        insert(f"a{number}", active=number == 5)
    monkeypatch.setattr(queries, "MAX_COUNT", 4)
    for url, start in ((f"{ALIAS}?active__exact=1", "to."), (f"{MAILBOX}?active__exact=1", "")):
        page = rita.get(url)
        stop = f"nothing matches up to <b>{start}a2@a.example"
        assert shown(page) == [] and stop in page.content.decode()
        assert all_pages(rita, url) == [f"{start}a5@a.example"]
    monkeypatch.setattr(queries, "MAX_COUNT", 5)
    assert shown(rita.get(f"{MAILBOX}?active__exact=1")) == ["a5@a.example"]


def test_the_exact_number_of_rows_is_that_within_reach(rita: Client) -> None:
    for name in ("a1", "a2", "b1"):
        insert(name)
    assert rita.get(MAILBOX).context["cl"].count.number == 3
    assert rita.get(f"{ALIAS}?domain=a.example").context["cl"].count.number == 2
    otto = signed_in("domain", "a.example")
    assert otto.get(MAILBOX).context["cl"].count.number == 2
    assert otto.get(f"{MAILBOX}?domain=b.example").context["cl"].count.number == 0
