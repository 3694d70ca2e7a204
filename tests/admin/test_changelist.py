"""Lists are paged by key, searched, and limited in their queries."""

import re
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailboxes import actions, queries, search
from mailboxes.addresses import Address, DomainName
from mailboxes.admin.changelist import ListAdmin
from mailboxes.lookup_tables.counts import MAX_DOMAINS
from mailboxes.models import Alias, Domain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX, shown
from tests.conftest import PASSWORD, TESTER, forget_lookups


def link(page: Any, relation: str) -> str:
    found = re.search(rf'rel="{relation}" href="([^"]+)"', page.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


def test_pages_can_be_followed_forwards_and_back(rita: Client, many: list[str]) -> None:
    first = rita.get(MAILBOX)
    assert shown(first) == many[:50] and link(first, "prev") == ""
    second = rita.get(MAILBOX + link(first, "next"))
    third = rita.get(MAILBOX + link(second, "next"))
    assert shown(second) + shown(third) == many[50:] and link(third, "next") == ""
    assert shown(rita.get(MAILBOX + link(third, "prev"))) == many[50:100]
    assert shown(rita.get(MAILBOX + link(second, "prev"))) == many[:50]


def test_filter_links_return_to_the_first_page(rita: Client, many: list[str]) -> None:
    page = rita.get(f"{MAILBOX}?after={many[60]}&q=box").content.decode()
    assert shown(rita.get(f"{MAILBOX}?after={many[60]}&q=box"))[0] == many[61]
    links = re.findall(r'href="(\?[^"]*active__exact=[^"]*)"', page)
    assert links and all("after=" not in link and "q=box" in link for link in links)


def test_idn_domains_are_searched_and_filtered_in_unicode(rita: Client) -> None:
    for name in ("müller.example", "example.org", "example.org.uk"):
        actions.create_domain(TESTER, DomainName.parse(name))
        actions.create_mailbox(TESTER, Address.parse(f"anna@{name}"), PASSWORD)
    mine = ["anna@xn--mller-kva.example"]
    for asked in ("?q=müller.example", "?q=anna@müller.example", "?domain=müller.example"):
        assert shown(rita.get(MAILBOX + asked)) == mine, asked
    assert shown(rita.get(f"{DOMAIN}?q=müller.example")) == ["xn--mller-kva.example"]
    assert "müller.example</span>" in rita.get(DOMAIN).content.decode()
    assert "anna@müller.example" in rita.get(MAILBOX).content.decode()
    assert shown(rita.get(f"{MAILBOX}?q=@example.org")) == ["anna@example.org"]
    assert len(shown(rita.get(f"{MAILBOX}?q=@example.or"))) == 2


def test_page_links_keep_the_search_and_filters(rita: Client, many: list[str]) -> None:
    page = rita.get(f"{MAILBOX}?q=box&active__exact=1")
    assert shown(rita.get(MAILBOX + link(page, "next"))) == many[50:100]
    assert "q=box" in link(page, "next") and "active__exact=1" in link(page, "next")


def test_a_page_without_rows_falls_back_to_the_first(rita: Client, many: list[str]) -> None:
    assert shown(rita.get(f"{MAILBOX}?after=zzz")) == many[:50]
    assert shown(rita.get(f"{MAILBOX}?before=a")) == many[:50]


def test_paging_uses_no_offset_and_no_unlimited_count(rita: Client, many: list[str]) -> None:
    with CaptureQueriesContext(connections["mail"]) as asked:
        rita.get(f"{MAILBOX}?after={many[60]}")
    statements = [query["sql"] for query in asked]
    offsets = [text for text in statements if "OFFSET" in text]
    assert all(text.endswith(f"LIMIT 1 OFFSET {MAX_DOMAINS}") for text in offsets)  # are there more
    assert not [text for text in statements if "COUNT(*)" in text and "LIMIT" not in text]


def test_the_number_of_rows_is_capped(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries.capped_count, "__defaults__", (100,))
    assert f"{len(many)} mailboxes" in rita.get(MAILBOX).content.decode()
    page = rita.get(f"{MAILBOX}?active__exact=1").content.decode()
    assert "more than 100 mailboxes" in page and "Select all mailboxes on all pages" in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ann", ["anna@example.org", "joanna@example.net"]),
        ("anna", ["anna@example.org", "joanna@example.net"]),
        ("nobody", []),
        ("ANNA@", ["anna@example.org", "joanna@example.net"]),
        ("anna@example.org", ["anna@example.org"]),
        (" anna ", ["anna@example.org", "joanna@example.net"]),
        ("@example.org", ["anna@example.org", "bob@example.org"]),
        ("@exam", ["joanna@example.net", "anna@example.org", "bob@example.org"]),
        ("example.net", ["joanna@example.net"]),
        ("example.org", ["anna@example.org", "bob@example.org"]),
        ("Berg", ["anna@example.org"]),
        ("Gül", ["joanna@example.net"]),
        ("oann", ["joanna@example.net"]),
        ("berg anna", ["anna@example.org"]),
        ("Berg, Anna", ["anna@example.org"]),
        ("berg joanna", []),
        ("example", ["anna@example.org", "bob@example.org", "joanna@example.net"]),
        ("gül example.net", ["joanna@example.net"]),
        ("gül example.org", []),
        ("joanna exa", ["joanna@example.net"]),
        ("anna example", ["anna@example.org", "joanna@example.net"]),
        ("Jo G <joanna@example.net>", ["joanna@example.net"]),
        ("mailto:anna@example.org?subject=x", ["anna@example.org"]),
        ("joanna@example.net; anna@example.org,", ["joanna@example.net", "anna@example.org"]),
        (
            "A <anna@example.org>, J <joanna@example.net>",
            ["anna@example.org", "joanna@example.net"],
        ),
        ("nobody@example.org\nanna@example.org", ["anna@example.org"]),
        ("a%a", []),
        ("an_a", []),
        ("@", ["anna@example.org", "bob@example.org", "joanna@example.net"]),
        ("日本", []),
    ],
)
@pytest.mark.parametrize("adopted", [False, True])
def test_a_search_finds_the_expected_mailboxes(
    rita: Client, anna: Mailbox, bob: Mailbox, asked: str, found: list[str], adopted: bool
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_mailbox(TESTER, Address.parse("joanna@example.net"), PASSWORD, name="Joanna Gül")
    if adopted:
        forget_lookups()
    assert shown(rita.get(MAILBOX, {"q": asked})) == found


NAMES = {
    "Ueli Hürlimann": ("hurlimann", "HÜRLIMANN", "Hu\u0308rl", "UELI hür"),
    "Kläre Weiß-Müller": ("weiss", "WEISS", "WEIẞ", "muller", "klare"),
    "Ève Łódź Øster": ("eve", "łódź", "LODZ oster", "ØSTER"),
    "Ænne O\u0308z": ("aenne", "öz", "OZ", "ænne"),
    "АНДРЕЙ Ёлкин": ("андрей", "ёлкин", "ЕЛКИН Андрей"),
    "Hurt Weise, Løt Ændre": ("lot", "aendre", "WEISE"),
}


def test_a_search_finds_letters_without_their_marks_and_the_other_way_round(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, name in enumerate(NAMES):
        actions.create_mailbox(TESTER, Address.parse(f"x{place}@example.org"), PASSWORD, name=name)
    for maximum in (search.MAX_INSIDE, 1):  # with 1, words are looked up and nothing else
        monkeypatch.setattr(search, "MAX_INSIDE", maximum)
        for place, several in enumerate(NAMES.values()):
            for asked in several:
                assert shown(rita.get(MAILBOX, {"q": asked})) == [f"x{place}@example.org"], asked


def test_a_search_with_marks_finds_addresses_and_descriptions_without(
    rita: Client, anna: Mailbox
) -> None:
    actions.create_domain(TESTER, DomainName.parse("a.example"), description="Zürich, Straße 1")
    targets = ["other@elsewhere.example", "jurg.muller@elsewhere.example"]
    actions.create_alias(TESTER, Address.parse("team@example.org"), targets)
    for asked in ("Müller", "JÜRG", "jürg.müller@elsewhere.example"):
        assert shown(rita.get(ALIAS, {"q": asked})) == ["team@example.org"], asked
    assert targets[1] in rita.get("/admin/search/", {"q": "Müller"}).content.decode()
    for asked in ("zurich", "ZÜRICH", "strasse"):
        assert shown(rita.get(DOMAIN, {"q": asked})) == ["a.example"], asked


def test_a_search_shows_whole_addresses_then_beginnings_then_insides(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.create_domain(TESTER, DomainName.parse("a.example"))
    for name in ("joanna", "annabel", "z.anna", "other"):
        actions.create_mailbox(TESTER, Address.parse(f"{name}@a.example"), PASSWORD)
    expected = ["anna@example.org", "annabel@a.example", "z.anna@a.example", "joanna@a.example"]
    assert shown(rita.get(f"{MAILBOX}?q=anna")) == expected
    monkeypatch.setattr(ListAdmin, "list_per_page", 2)
    first = rita.get(f"{MAILBOX}?q=anna")
    second = rita.get(MAILBOX + link(first, "next"))
    assert shown(first) + shown(second) == expected and link(second, "next") == ""
    assert shown(rita.get(MAILBOX + link(second, "prev"))) == expected[:2]
    assert "4 mailboxes" in second.content.decode()
    assert shown(rita.get(f"{MAILBOX}?q=annabel@a.example")) == ["annabel@a.example"]
    assert shown(rita.get(f"{MAILBOX}?q=anna&domain=example.org")) == ["anna@example.org"]


def test_a_search_in_a_large_table_finds_beginnings_of_words_and_says_so(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.create_mailbox(TESTER, Address.parse("a@example.org"), PASSWORD)
    actions.create_mailbox(TESTER, Address.parse("z.joanna@example.org"), PASSWORD)
    monkeypatch.setattr(search, "MAX_INSIDE", 1)
    found = rita.get(f"{MAILBOX}?q=joan")
    assert shown(found) == ["z.joanna@example.org"]
    assert (
        "With more than 2,500 entries, matches inside words may be missing."
        in found.content.decode()
    )
    page = rita.get(f"{MAILBOX}?q=oanna")
    assert shown(page) == [] and "more than 2,500 entries" in page.content.decode()
    assert "Try a shorter" not in page.content.decode()
    monkeypatch.setattr(search, "MAX_FOUND", 1)
    assert "more than 1 mailbox" in rita.get(f"{MAILBOX}?q=a").content.decode()


def test_a_search_for_frequent_words_examines_some_rows_and_says_so(
    rita: Client, anna: Mailbox, bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("anna.berg", "anna.koch", "zoe.koch"):
        actions.create_mailbox(TESTER, Address.parse(f"{name}@example.org"), PASSWORD)
    monkeypatch.setattr(search, "MAX_INSIDE", 1)
    monkeypatch.setattr(search, "MAX_EXAMINED", 2)
    note = "occur so often that only some of the entries were searched"
    complete = rita.get(f"{MAILBOX}?q=anna+koch")  # only two have the second word
    assert shown(complete) == ["anna.koch@example.org"] and note not in complete.content.decode()
    monkeypatch.setattr(search, "MAX_EXAMINED", 1)
    in_parts = rita.get(f"{MAILBOX}?q=anna+koch")  # few enough to examine them all
    assert shown(in_parts) == ["anna.koch@example.org"] and note not in in_parts.content.decode()
    monkeypatch.setattr(search, "MAX_COMPLETE", 1)
    for url in (f"{MAILBOX}?q=anna+koch", "/admin/search/?q=anna+koch"):
        page = rita.get(url).content.decode()
        assert note in page and "more than 0" not in page, url
    whole = rita.get(f"{MAILBOX}?q=anna.koch@example.org")
    assert shown(whole) == ["anna.koch@example.org"] and note not in whole.content.decode()


def test_an_alias_is_found_by_its_targets(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(
        TESTER, Address.parse("team@example.org"), [anna.pk, "jo.who@elsewhere.example"]
    )
    for asked in (
        "anna",
        "who",
        "jo.who@else",
        "who team",
        "elsewhere",
        "JO.WHO@elsewhere.example",
    ):
        assert shown(rita.get(ALIAS, {"q": asked})) == ["team@example.org"], asked
    for asked in ("nobody", "who zz"):
        assert shown(rita.get(ALIAS, {"q": asked})) == [], asked


def test_all_rows_that_a_search_has_found_are_changed(rita: Client, anna: Mailbox) -> None:
    for name in ("joanna", "other"):
        actions.create_mailbox(TESTER, Address.parse(f"{name}@example.org"), PASSWORD)
    data = {"action": "disable", "select_across": "1", "post": "yes"}
    assert rita.post(f"{MAILBOX}?q=anna", data).status_code == 302
    active = Mailbox.objects.filter(active=True).values_list("pk", flat=True)
    assert list(active) == ["other@example.org"]


def test_aliases_and_domains_can_be_searched_too(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["somebody@example.edu"])
    actions.create_domain(TESTER, DomainName.parse("example.net"), description="A shop")
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    for url, asked in (
        (ALIAS, "info@"),
        (ALIAS, "@example.org"),
        (ALIAS, "example.edu"),
        (DOMAIN, "shop"),
        (DOMAIN, "@example.net"),
        ("/admin/mailboxes/aliasdomain/", "example.org"),
    ):
        assert len(shown(rita.get(url, {"q": asked}))) == 1, asked


def test_an_empty_list_and_an_empty_search_have_different_texts(rita: Client) -> None:
    assert "No mailboxes yet" in rita.get(MAILBOX).content.decode()
    assert "No matching mailboxes" in rita.get(f"{MAILBOX}?q=x").content.decode()
    assert "No matching mailboxes" in rita.get(f"{MAILBOX}?active__exact=0").content.decode()


@pytest.mark.parametrize("url", [MAILBOX, DOMAIN, f"{ALIAS}?kind=all"])
def test_a_list_of_fifty_needs_no_more_queries_than_a_list_of_one(
    rita: Client, anna: Mailbox, url: str
) -> None:
    def number() -> int:
        with CaptureQueriesContext(connections["mail"]) as asked:
            assert shown(rita.get(url))
        return len(asked)

    few = number()
    for name in range(60):
        actions.create_domain(TESTER, DomainName.parse(f"d{name}.example"))
    for row in Domain.objects.exclude(pk="example.org"):
        Mailbox.objects.create(username=f"x@{row}", domain=row, password="x")
        Alias.objects.create(address=f"x@{row}", domain=row, goto=f"x@{row}")
    assert number() <= few + 1  # the suggestions of the filter
