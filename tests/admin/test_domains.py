"""Domains in the admin: limits with units, warnings, and confirmed deletion."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from mailboxes import actions, queries
from mailboxes.addresses import Address, DomainName
from mailboxes.admin import changelist
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.views import notices
from tests.admin.conftest import DOMAIN, errors, shown, signed_in
from tests.conftest import PASSWORD, TESTER
from tests.page_forms import read_form


def test_a_domain_is_created_changed_and_deleted(rita: Client) -> None:
    numbers = {
        "mailboxes": "5",
        "aliases": "0",
        "maxquota_0": "0",
        "quota_0": "0",
        "delivery": "local",
    }
    page = rita.post(f"{DOMAIN}add/", {"domain": "Bücher.example", "active": "on"} | numbers)
    assert page.status_code == 302
    more = {"domain": "first.example", "active": "on", "_mailbox": ""} | numbers
    page = rita.post(f"{DOMAIN}add/", more)
    assert page["Location"] == "/admin/mailboxes/mailbox/add/?domain=first.example"
    Domain.objects.filter(pk="first.example").delete()
    domain = Domain.objects.get()
    assert domain.pk == "xn--bcher-kva.example" and domain.mailboxes == 5
    page = rita.post(f"{DOMAIN}{domain.pk}/change/", numbers | {"mailboxes": "7"})
    domain.refresh_from_db()
    assert domain.mailboxes == 7 and not domain.active
    url, yes = f"{DOMAIN}{domain.pk}/delete/", {"post": "yes"}
    for typed in ({}, {"confirm": "bücher"}):
        answer = rita.post(url, yes | typed, follow=True)
        message = "Nothing was deleted. To delete xn--bcher-kva.example"
        assert message in answer.content.decode()
    assert Domain.objects.exists()
    rita.post(url, yes | {"confirm": " XN--BCHER-KVA.example "})
    assert not Domain.objects.exists()


@pytest.mark.logged_fixtures
def test_domain_limits_have_units_and_are_shown_as_entered(rita: Client, domain: Domain) -> None:
    url = f"{DOMAIN}{domain.pk}/change/"
    limits = {"mailboxes": "0", "aliases": "0", "maxquota_0": "1", "maxquota_1": "G"}
    limits["delivery"] = "local"
    rita.post(url, limits | {"quota_0": "500", "quota_1": "G", "active": "on"})
    domain.refresh_from_db()
    assert (domain.maxquota, domain.quota) == (1049, 524288)
    page = rita.get(url).content.decode()
    for name, number in (("maxquota_0", "1"), ("quota_0", "500")):
        assert re.search(rf'name="{name}" value="{number}"', page)
    assert page.count('value="G" selected') == 2
    history = rita.get(f"{DOMAIN}{domain.pk}/history/").content.decode()
    assert re.search(r"Quota per mailbox</strong>: no limit .*?</span> 1 GiB", history)
    rita.post(url, limits | {"maxquota_0": "-1", "quota_0": "500", "quota_1": "G", "active": "on"})
    domain.refresh_from_db()
    assert (domain.maxquota, domain.quota) == (-1, 524288)
    assert re.search('name="maxquota_0" value="-1"', rita.get(url).content.decode())
    history = rita.get(f"{DOMAIN}{domain.pk}/history/").content.decode()
    assert (
        "1 GiB" in history
        and "switched off" in history
        and history.count("Total quota of all") == 2
    )
    answer = rita.post(url, limits | {"maxquota_0": "-2", "quota_0": "0"})
    assert "maxquota" in errors(answer)


@pytest.mark.parametrize(
    ("column", "value", "entered"),
    [
        ("maxquota", 2**50 // 1024000 + 1, {"maxquota_0": "1024", "maxquota_1": "T"}),
        ("quota", 2**50 // 1024000 + 1, {"quota_0": "1024", "quota_1": "T"}),
        ("mailboxes", 10**9 + 1, {"mailboxes": "1000000001"}),
        ("aliases", -2, {"aliases": "-2"}),
        ("description", "a\x7fb", {"description": "a\x7fb"}),
    ],
)
def test_a_limit_out_of_range_is_refused_in_the_words_of_the_action(
    rita: Client, column: str, value: Any, entered: dict[str, str]
) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_domain(TESTER, DomainName.parse("example.net"), **{column: value})
    numbers = {
        "mailboxes": "0",
        "aliases": "0",
        "maxquota_0": "0",
        "quota_0": "0",
        "delivery": "local",
    }
    page = rita.post(f"{DOMAIN}add/", numbers | {"domain": "example.org", **entered})
    assert page.context["adminform"].form.errors == {column: [error_message(refused.value)]}
    assert not Domain.objects.exists()


LOOKS_LIKE_APPLE = "\u0430pple.example"
WARNING = "mixes letters of different scripts (Cyrillic, Latin)"


@pytest.mark.finding("mixed-script")
def test_domains_that_mix_scripts_are_named_as_such_wherever_they_are_shown(rita: Client) -> None:
    numbers = {
        "mailboxes": "0",
        "aliases": "0",
        "maxquota_0": "0",
        "quota_0": "0",
        "delivery": "local",
    }
    form = {"domain": LOOKS_LIKE_APPLE, "active": "on"} | numbers
    added = rita.post(f"{DOMAIN}add/", form, follow=True).content.decode()
    domain = Domain.objects.get()
    assert domain.pk == "xn--pple-43d.example"
    assert f"“{LOOKS_LIKE_APPLE}”, which {WARNING}" in added
    actions.create_mailbox(TESTER, Address("anna", domain.pk), PASSWORD)
    for model, key in (("domain", domain.pk), ("mailbox", f"anna_40{domain.pk}")):
        url = f"/admin/mailboxes/{model}/"
        assert "Mixed scripts: Cyrillic, Latin" in rita.get(url).content.decode()
        for page in (f"{url}{key}/change/", f"{url}{key}/delete/"):
            assert WARNING in rita.get(page).content.decode(), page


@pytest.mark.finding("mixed-script")
def test_other_international_domains_get_no_warning(rita: Client) -> None:
    domain = actions.create_domain(TESTER, DomainName.parse("Bücher.example"))
    for url in (DOMAIN, f"{DOMAIN}{domain.pk}/change/", f"{DOMAIN}{domain.pk}/delete/"):
        page = rita.get(url).content.decode()
        assert "bücher.example" in page and "scripts" not in page, url


@pytest.mark.parametrize("name", ["", "localhost", "a b.org", "mail.example.test", "example.org"])
def test_an_invalid_domain_is_a_form_error(rita: Client, domain: Domain, name: str) -> None:
    numbers = {
        "mailboxes": "0",
        "aliases": "0",
        "maxquota_0": "0",
        "quota_0": "0",
        "delivery": "local",
    }
    assert "domain" in errors(rita.post(f"{DOMAIN}add/", {"domain": name} | numbers))
    assert Domain.objects.count() == 1


def test_deleting_a_domain_lists_what_is_deleted(rita: Client, anna: Mailbox) -> None:
    page = rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    assert "1 mailbox in this domain." in page and "0 other aliases." in page
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    page = rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    assert "Delete these first: example.net" in page
    rita.post(f"{DOMAIN}example.org/delete/", {"post": "yes", "confirm": "example.org"})
    assert Domain.objects.count() == 2


def test_deleting_a_domain_names_the_aliases_that_forward_to_it(
    rita: Client, anna: Mailbox
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias(
        TESTER, Address.parse("info@example.net"), ["Anna@example.org", "x@example.edu"]
    )
    actions.create_alias(TESTER, Address.parse("other@example.net"), ["anna@example.org.uk"])
    page = rita.get(f"{DOMAIN}example.org/delete/").content.decode()
    assert "These aliases still forward to it: info@example.net. What they" in page
    assert "the host that the MX record of example.org names" in page and "other@" not in page


def test_postfixadmins_row_for_all_domains_is_no_domain(rita: Client, domain: Domain) -> None:
    Domain._base_manager.bulk_create([Domain(domain="ALL", transport="")])
    assert "ALL" not in rita.get(DOMAIN).content.decode()
    for page in ("change", "delete"):
        assert rita.post(f"{DOMAIN}ALL/{page}/", {"post": "yes"}).status_code in (302, 404)
    assert list(Domain.objects.values_list("pk", flat=True)) == ["example.org"]
    assert Domain._base_manager.filter(pk="ALL").exists()


NEW = {"mailboxes": "0", "aliases": "0", "maxquota_0": "0", "quota_0": "0", "active": "on"}
ADMIN = "admin@example.net"


def saved(client: Client, **fields: str) -> Any:
    """Save the form of example.org as it is shown, but for these fields."""
    url = f"{DOMAIN}example.org/change/"
    return client.post(url, read_form(client.get(url).content.decode()) | fields)


def stored() -> tuple[str, bool]:
    domain = Domain.objects.get()
    return domain.transport, domain.backupmx


def test_a_relayed_domain_is_created_and_changed(rita: Client) -> None:
    fields = NEW | {"domain": "example.org", "delivery": "relayed"}
    page = rita.post(f"{DOMAIN}add/", fields)
    assert "Enter the host to which the mail for example.org is relayed." in errors(page)
    assert rita.post(f"{DOMAIN}add/", fields | {"next_hop": "192.0.2.1"}).status_code == 302
    assert stored() == ("relay:[192.0.2.1]", False)
    assert "Relayed to [192.0.2.1]" in rita.get(DOMAIN).content.decode()
    assert saved(rita).status_code == 302
    page = saved(rita, any_recipient="")
    assert "any_recipient" in errors(page) and "First create one for each" in errors(page)
    page = saved(rita, next_hop="mail.example.test:25")
    assert "next_hop" in errors(page) and "which is this mail host itself" in errors(page)
    assert saved(rita, next_hop="bücher.example").status_code == 302
    assert stored() == ("relay:xn--bcher-kva.example", False)
    assert saved(rita, delivery="backup-mx").status_code == 302
    assert stored() == ("virtual", True)
    assert saved(rita, delivery="local").status_code == 302
    assert stored() == ("virtual", False) and not Alias.objects.exists()


def test_aliases_are_only_followed_if_a_change_concerns_mail(rita: Client, domain: Domain) -> None:
    address = "alone@example.org"
    Alias.objects.create(address=address, goto=address, domain_id="example.org")
    saved(rita, description="New")
    page = rita.get(DOMAIN).content.decode()
    assert "changed successfully" in page and address not in page
    saved(rita, active="")
    saved(rita, active="on")
    assert f"Mail to {address} is refused" in rita.get(DOMAIN).content.decode()


@pytest.mark.parametrize(
    "row",
    [("lmtp:unix:x", False), ("smtp:[a.example], [b.example]", True), ("Relay", False), ("", True)],
)
def test_transports_of_others_are_kept_when_the_form_is_saved(
    rita: Client, domain: Domain, row: tuple[str, bool]
) -> None:
    Domain.objects.update(transport=row[0], backupmx=row[1])
    assert saved(rita, description="New").status_code == 302
    assert stored() == row and Domain.objects.get().description == "New"


def test_a_route_that_someone_else_has_changed_is_not_overwritten(
    rita: Client, domain: Domain
) -> None:
    url = f"{DOMAIN}example.org/change/"
    fields = read_form(rita.get(url).content.decode()) | {"description": "New"}
    Domain.objects.update(transport="relay:[192.0.2.1]")
    page = rita.post(url, fields).content.decode()
    assert "“virtual” was changed to “relay:[192.0.2.1]”" in page and stored()[0] != "virtual"


def test_who_may_not_change_a_domain_sees_where_its_mail_goes(
    domain: Domain, anna: Mailbox
) -> None:
    dora = signed_in("domain", "example.org")
    url = f"{DOMAIN}example.org/change/"
    page = dora.get(url).content.decode()
    assert "Delivered here" in page and "postmaster@example.org" in page
    Domain.objects.update(transport="relay:[192.0.2.1]")
    page = dora.get(url).content.decode()
    assert "Relayed to [192.0.2.1], for known addresses only" in page
    assert "postmaster@" not in page


def test_the_form_adds_postmaster_and_abuse(rita: Client, settings: Settings) -> None:
    settings.MAIL_POSTMASTER = ADMIN
    add = f"{DOMAIN}add/"
    fields = read_form(rita.get(add).content.decode())
    assert fields["postmaster"] == ADMIN
    rita.post(add, fields | {"domain": "example.org"})
    assert dict(Alias.objects.values_list("pk", "goto")) == {
        "abuse@example.org": ADMIN,
        "postmaster@example.org": ADMIN,
    }
    change = f"{DOMAIN}example.org/change/"
    assert 'name="postmaster"' not in rita.get(change).content.decode()
    Alias.objects.filter(pk="abuse@example.org").delete()
    page = rita.get(change).content.decode()
    assert "abuse@example.org doesn&#x27;t exist" in page and read_form(page)["postmaster"] == ""
    assert "postmaster" in errors(saved(rita, postmaster="nobody"))
    assert saved(rita, postmaster="other@example.net").status_code == 302
    assert Alias.objects.get(pk="abuse@example.org").goto == "other@example.net"


def test_domains_without_postmaster_are_filtered_and_counted_on_the_dashboard(
    rita: Client, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"), ADMIN)
    page = rita.get("/admin/").content.decode()
    assert "1 domain lacks postmaster@ or abuse@" in page and "attention=roles" in page
    assert shown(rita.get(f"{DOMAIN}?attention=roles")) == ["example.org"]
    monkeypatch.setattr(notices, "MAX_DOMAINS", 1)
    assert "lacks" not in rita.get("/admin/").content.decode()
    actions.count_figures()
    page = rita.get("/admin/").content.decode()
    assert re.search(r"Counted on [^:]+: 1 domain lacks postmaster@ or abuse@", page)
    monkeypatch.setattr(changelist, "MAX_READ", 1)  # the first part has none of them
    monkeypatch.setattr(queries, "READ_AT_ONCE", 1)
    part = rita.get(f"{DOMAIN}?attention=roles")
    [rest] = re.findall(r'rel="next" href="([^"]+)"', part.content.decode())
    assert shown(part) == [] and shown(rita.get(DOMAIN + unescape(rest))) == ["example.org"]
