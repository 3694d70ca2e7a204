"""Aliases and alias domains in the admin, including the refusals."""

from html import unescape

import pytest
from django.contrib.admin.utils import quote
from django.test import Client

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.models import Entry
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX, errors, signed_in
from tests.conftest import TESTER


@pytest.mark.finding("protected-alias")
def test_a_mailboxs_own_alias_cannot_be_deleted(rita: Client, anna: Mailbox) -> None:
    url = f"{ALIAS}anna_40example.org/delete/"
    assert "own alias, which delivers its mail" in rita.get(url).content.decode()
    page = rita.post(url, {"post": "yes"}, follow=True)
    assert "own alias, which delivers its mail" in page.content.decode()
    assert Alias.objects.exists()
    assert Entry.objects.get(action="alias.delete", phase="refused").text


def test_an_alias_domain_is_created_disabled_and_deleted(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    url = "/admin/mailboxes/aliasdomain/"
    fields = {"alias_domain": "Example.net", "target_domain": "example.org", "active": "on"}
    assert rita.post(f"{url}add/", fields).status_code == 302
    assert AliasDomain.objects.get().target_domain == "example.org"
    assert "already" in errors(rita.post(f"{url}add/", fields))
    page = rita.get(f"{DOMAIN}example.net/delete/").content.decode()
    assert "Its role as an alias domain of example.org." in page
    rita.post(f"{url}example.net/change/", {})
    assert not AliasDomain.objects.get().active
    rita.post(f"{url}example.net/delete/", {"post": "yes"})
    assert not AliasDomain.objects.exists()


def test_disabling_a_mailboxs_own_alias_is_refused(rita: Client, anna: Mailbox) -> None:
    selected = {"action": "disable", "_selected_action": [anna.pk], "post": "yes"}
    page = rita.post(f"{ALIAS}?kind=own", selected, follow=True)
    assert "delete the mailbox instead" in page.content.decode()
    page = rita.post(f"{ALIAS}{anna.pk}/change/", {"goto": anna.pk})
    assert "delete the mailbox instead" in errors(page)
    assert Alias.objects.get().active


def test_saving_an_alias_names_the_targets_that_mail_does_not_reach(
    rita: Client, anna: Mailbox
) -> None:
    form = {"address_0": "info@example.org", "goto": "gone@example.org", "active": "on"}
    page = rita.post(f"{ALIAS}add/", form, follow=True).content.decode()
    assert "none of its targets receives mail: gone@example.org" in page
    form["goto"] += f"\n{anna.pk}"
    url = f"{ALIAS}info@example.org/change/"
    assert "gone@example.org" in rita.post(url, form, follow=True).content.decode()
    form["goto"] = anna.pk
    assert "of its targets" not in rita.post(url, form, follow=True).content.decode()


def test_a_loop_is_shown_beside_the_targets(rita: Client, anna: Mailbox) -> None:
    form = {"address_0": "a@example.org", "goto": "b@example.org", "active": "on"}
    assert rita.post(f"{ALIAS}add/", form).status_code == 302
    form = {"address_0": "b@example.org", "goto": "a@example.org", "active": "on"}
    assert "b@example.org → a@example.org → b@example.org" in errors(
        rita.post(f"{ALIAS}add/", form)
    )


def test_aliases_that_need_attention_can_be_listed(rita: Client, anna: Mailbox) -> None:
    for name, goto in (("a", "b"), ("b", "a"), ("dead", "gone"), ("fine", "anna")):
        Alias.objects.create(
            address=f"{name}@example.org", goto=f"{goto}@example.org", domain_id="example.org"
        )
    shown = {
        value: [name for name in ("a", "b", "dead", "fine")
                if f">{name}@<wbr>example.org" in
                rita.get(f"{ALIAS}?attention={value}").content.decode()]
        for value in ("deferred", "dead", "unknown")
    }  # fmt: skip
    assert shown == {"deferred": ["a", "b"], "dead": ["dead"], "unknown": []}


def test_deleting_aliases_names_those_that_forward_to_them(rita: Client, anna: Mailbox) -> None:
    anywhere = "x@elsewhere.example"
    for name, *targets in (
        ("one", anywhere),
        ("two", anywhere),
        ("both", "one@example.org", "two@example.org"),
        ("@", anywhere),
        ("caught", "nobody@example.net"),
    ):
        address = f"{name}@example.org" if name != "@" else "@example.net"
        domain = address.rpartition("@")[2]
        Domain.objects.get_or_create(pk=domain)
        Alias.objects.create(address=address, goto=",".join(targets), domain_id=domain)
    page = unescape(rita.get(f"{ALIAS}one@example.org/delete/").content.decode())
    assert "alias both@example.org still forwards to one@example.org as well; that mail" in page
    page = unescape(rita.get(f"{ALIAS}{quote('@example.net')}/delete/").content.decode())
    assert "alias caught@example.org doesn't forward to anything else" in page
    selected = {
        "action": "delete_selected",
        "_selected_action": ["one@example.org", "two@example.org"],
    }
    page = unescape(rita.post(ALIAS, selected).content.decode())
    assert page.count("both@example.org") == 1
    assert "alias both@example.org doesn't forward to anything else; mail to it will be" in page
    page = unescape(rita.get(f"{ALIAS}both@example.org/delete/").content.decode())
    assert "forward to anything else" not in page and "still forwards" not in page


def test_an_administrator_of_some_domains_is_told_of_lost_mail_elsewhere(anna: Mailbox) -> None:
    """Without the addresses of others: neither those that are dead nor those that lose mail."""
    otto = signed_in("domain", "example.org")
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    fields = {"address_0": "info", "address_1": "example.org", "goto": "x@example.net"}
    fields |= {"active": "on", "handling": "delivered"}
    saved = otto.post(f"{ALIAS}add/", fields, follow=True)
    assert "its targets outside your domains don&#x27;t accept mail" in saved.content.decode()
    actions.create_alias(TESTER, Address.parse("x@example.net"), ["anna@example.org"])
    for address, targets in (("both", "x@example.net"), ("fine", "anna@example.org")):
        others = {"address_0": address, "goto": targets}
        saved = otto.post(f"{ALIAS}add/", fields | others, follow=True)
        assert Alias.objects.filter(pk=f"{address}@example.org").exists()
        assert "outside your domains" not in saved.content.decode()
    told = "Aliases outside your domains that forward here lose mail"
    selected = {"action": "delete_selected", "_selected_action": [anna.pk]}
    disabled = {"action": "disable", "_selected_action": [anna.pk]}
    for page in (
        otto.get(f"{MAILBOX}{anna.pk}/delete/"),
        otto.post(MAILBOX, selected),
        otto.post(MAILBOX, disabled),
        otto.post(f"{MAILBOX}{anna.pk}/set-active/", {"active": "0"}, follow=True),
    ):
        assert told in page.content.decode()
        assert "x@example.net" not in page.content.decode()
    assert told not in otto.get(f"{ALIAS}fine@example.org/delete/").content.decode()


def test_an_alias_domain_warns_of_what_it_leaves_behind(rita: Client, anna: Mailbox) -> None:
    url = "/admin/mailboxes/aliasdomain/"
    for name in ("example.net", "empty.example"):
        actions.create_domain(TESTER, DomainName.parse(name))
    fields = {"alias_domain": "example.net", "target_domain": "empty.example", "active": "on"}
    page = rita.post(f"{url}add/", fields, follow=True).content.decode()
    text = "Mail to any address in example.net is refused, since empty.example has no address yet."
    assert text in page and AliasDomain.objects.exists()
    rita.post(f"{url}example.net/delete/", {"post": "yes"})
    fields["target_domain"] = "example.org"
    assert "refused" not in rita.post(f"{url}add/", fields, follow=True).content.decode()
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["anna@example.net"])
    page = unescape(rita.get(f"{url}example.net/delete/").content.decode())
    assert "alias info@example.org doesn't forward to anything else; mail to it will be" in page
    selected = {"action": "disable", "_selected_action": ["example.net"]}
    refused = "so mail to them is refused: info@example.org."
    assert refused in rita.post(url, selected).content.decode()
    disabled = rita.post(f"{url}example.net/set-active/", {"active": "0"}, follow=True)
    assert refused in disabled.content.decode()
