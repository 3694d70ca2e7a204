"""One search over mailboxes, aliases and domains."""

import re

from django.test import Client

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.models import Mailbox
from tests.admin.conftest import signed_in
from tests.conftest import TESTER

URL = "/admin/search/"


def found(client: Client, text: str) -> dict[str, list[str]]:
    """Return by table what is shown, with its detail."""
    page = client.get(URL, {"q": text})
    assert page.status_code == 200
    return {
        table.model: [f"{row.name} {row.detail}".strip() for row in table.rows]
        for table in page.context["tables"]
    }


def test_mailboxes_aliases_and_domains_are_found_in_one_place(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("anna.example"), description="Anna's own")
    actions.create_alias(
        TESTER, Address.parse("team@example.org"), ["x@elsewhere.example", "anna@example.org"]
    )
    assert found(rita, "anna") == {
        "mailbox": ["anna@example.org Anna Berg"],
        "alias": ["team@example.org anna@example.org"],
        "domain": ["anna.example Anna's own"],
    }
    assert found(rita, "team")["alias"] == ["team@example.org x@elsewhere.example"]
    pages = {
        "mailbox/anna_40example.org": ("Anna <ANNA@example.org>", "mailto:anna@example.org"),
        "alias/team_40example.org": ("team@example.org",),
        "domain/anna.example": ("Anna.example", "@anna.example"),
    }
    for page, texts in pages.items():
        for text in texts:
            answer = rita.get(URL, {"q": text})
            assert answer.headers.get("Location") == f"/admin/mailboxes/{page}/change/", text
    assert found(rita, "nobody@example.org")["mailbox"] == []
    both = found(rita, "anna@example.org, team@example.org")
    assert both["mailbox"] == ["anna@example.org Anna Berg"]
    assert both["alias"] == ["team@example.org anna@example.org"]
    page = rita.get(URL, {"q": "anna"}).content.decode()
    assert 'href="/admin/mailboxes/alias/?q=anna"' in page and "1 mailbox</h2>" in page
    assert "mailboxes/mailbox/?q=" not in rita.get(URL, {"q": "nobody"}).content.decode()
    assert found(rita, " ") == found(rita, "<>") == {}


def test_nothing_out_of_reach_is_found(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("other.example"))
    otto = signed_in("domain", "other.example")
    assert found(otto, "anna") == {"mailbox": [], "alias": [], "domain": []}
    assert found(otto, "anna@example.org")["mailbox"] == []
    assert found(otto, "example.org") == {"mailbox": [], "alias": [], "domain": []}
    assert found(otto, "other")["domain"] == ["other.example"]
    actions.create_alias(TESTER, Address.parse("team@example.org"), ["x@elsewhere.example"])
    for client, number in ((otto, 0), (rita, 1)):  # without anna's own
        page = client.get(URL, {"q": "@example"})
        assert [table.count.number for table in page.context["tables"]][:2] == [number, number]


def test_every_page_leads_to_the_search(rita: Client) -> None:
    form = re.search(r'<form class="search"[^>]*>', rita.get("/admin/").content.decode())
    assert form and f'action="{URL}"' in form[0]


def test_addresses_within_reach_are_suggested_as_targets(rita: Client, anna: Mailbox) -> None:
    for domain in ("other.example", "anna.example"):
        actions.create_domain(TESTER, DomainName.parse(domain))
    for name, domain in (("annex", "example.org"), ("", "anna.example"), ("team", "example.org"),
                         ("annual", "other.example")):  # fmt: skip
        actions.create_alias(TESTER, Address(name, domain), ["anna.x@elsewhere.example"])
    otto = signed_in("domain", "other.example")
    for client, text, names in (
        (rita, "ann", ["anna@example.org", "annex@example.org", "annual@other.example"]),
        (rita, "Berg", ["anna@example.org"]),
        (rita, " ", []),
        (rita, "<>", []),
        (rita, "TEAM@exam", ["team@example.org"]),
        (rita, "Ännex", ["annex@example.org"]),
        (otto, "ann", ["annual@other.example"]),
    ):
        assert client.get(f"{URL}targets/", {"q": text}).json() == {"names": names}, text
