"""Where a domain's mail goes: what is refused, and which addresses a relayed domain has."""

from typing import Any

import pytest

from mailboxes import actions
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.audit.models import Subject
from mailboxes.domain_addresses import accepts_any
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.routing import Kind
from tests.actions.conftest import create
from tests.conftest import TESTER

RELAYED = "relay:[192.0.2.1]"


def change(any_recipient: bool | None = None, **columns: Any) -> None:
    domain = Domain.objects.get(pk="example.org")
    for name, value in columns.items():
        setattr(domain, name, value)
    actions.change_domain(TESTER, domain, any_recipient=any_recipient)


def list_recipient(address: str) -> Alias:
    return actions.create_alias(TESTER, Address.parse(address), [address])


def test_a_new_relayed_domain_accepts_mail_for_any_address_also_once_some_are_listed(
    tables: None,
) -> None:
    for name, columns in (
        ("example.org", {"transport": RELAYED}),
        ("example.net", {"backupmx": True}),
    ):
        actions.create_domain(TESTER, DomainName.parse(name), **columns)
        list_recipient(f"anna@{name}")
        assert accepts_any(name)
        assert Alias.objects.get(pk=f"@{name}").goto == f"@{name}"


def test_only_listed_addresses_are_accepted_if_that_is_chosen(tables: None) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.org"), transport=RELAYED)
    with pytest.raises(Refused, match="First create one for each address"):
        change(any_recipient=False)
    assert accepts_any("example.org") and Alias.objects.filter(pk="@example.org").exists()
    list_recipient("anna@example.org")
    change(any_recipient=False)
    assert not accepts_any("example.org")
    assert [alias.pk for alias in Alias.objects.all()] == ["anna@example.org"]
    change(any_recipient=True)
    assert accepts_any("example.org")
    logged = [
        row.changes["any_recipient"]
        for row in Subject.objects.all()
        if "any_recipient" in row.changes
    ]
    assert [True, False] in logged and [False, True] in logged


def test_a_catch_all_keeps_its_targets_and_must_be_deleted_first(tables: None) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    catch_all = actions.create_alias(TESTER, CatchAll("example.org"), ["x@example.net"])
    change(transport=RELAYED, any_recipient=True)
    assert Alias.objects.get().goto == "x@example.net"
    with pytest.raises(Refused, match="catch-all that forwards to x@example.net"):
        change(any_recipient=False)
    actions.set_active(TESTER, catch_all, False)
    list_recipient("anna@example.org")
    with pytest.raises(Refused, match="already taken by an alias that forwards to x@"):
        change(any_recipient=True)


def test_rows_of_others_stay_as_they_are_when_they_are_saved(domain: Domain) -> None:
    for columns in (("virtual", True), ("smtp:[a.example], [b.example]", False), ("", False)):
        Domain.objects.update(transport=columns[0], backupmx=columns[1])
        before = Domain.objects.values().get()
        change(any_recipient=True)
        assert Domain.objects.values().get() == before and not Alias.objects.exists()


def test_mailboxes_become_the_listed_addresses_of_a_domain_that_is_relayed(anna: Mailbox) -> None:
    change(transport=RELAYED, any_recipient=False)
    assert not accepts_any("example.org")
    with pytest.raises(Refused, match="would not receive any"):
        create("bob@example.org")
    change(transport="virtual")
    create("bob@example.org")


def test_aliases_that_forward_to_themselves_are_only_for_relayed_domains(domain: Domain) -> None:
    with pytest.raises(Refused, match="only forward to itself"):
        list_recipient("anna@example.org")
    change(transport=RELAYED)
    alias = list_recipient("anna@example.org")
    actions.change_alias(TESTER, alias, ["bob@example.net"])
    actions.change_alias(TESTER, alias, [alias.pk])
    actions.create_alias(TESTER, CatchAll("example.org"), ["@example.org"])
    with pytest.raises(Refused, match=r"Delete them first: anna@example.org\."):
        change(transport="virtual")
    assert Alias.objects.count() == 2 and Domain.objects.get().route.kind == Kind.RELAYED
    actions.delete_alias(TESTER, alias)
    change(transport="virtual")
    assert not Alias.objects.exists()


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("mail.example.test", "mail.example.test, which is this mail host itself"),
        ("[127.0.0.1]:25", "this mail host itself"),
        ("[::1]", "this mail host itself"),
        ("two words", "“two words” is not a host to relay to"),
        ("[192.0.2.1]:0", "is not a host"),
    ],
)
def test_mail_is_not_relayed_in_circles_or_to_nowhere(
    domain: Domain, host: str, sentence: str
) -> None:
    with pytest.raises(Refused, match=sentence) as refused:
        change(transport=f"relay:{host}")
    assert refused.value.field == "next_hop"
    with pytest.raises(Refused, match=sentence):
        actions.create_domain(TESTER, DomainName.parse("example.net"), transport=f"smtp:{host}")
    assert Domain.objects.get().route.kind == Kind.LOCAL


def test_another_program_of_the_same_host_can_receive_mail(domain: Domain) -> None:
    change(transport="relay:[127.0.0.1]:2525")
    assert Domain.objects.get().transport == "relay:[127.0.0.1]:2525"
