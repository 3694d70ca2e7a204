"""postmaster@ and abuse@ are made with a domain, where its mail is delivered here."""

from typing import Any

import pytest

from mailboxes import actions
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.domain_addresses import lacking_roles, without_roles
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain
from tests.actions.conftest import create
from tests.conftest import TESTER

TARGET = "admin@example.net"


def add_domain(name: str, postmaster: str = "", **columns: Any) -> Domain:
    return actions.create_domain(TESTER, DomainName.parse(name), postmaster, **columns)


def aliases() -> dict[str, str]:
    return dict(Alias.objects.values_list("address", "goto"))


def test_a_new_domain_gets_both_whatever_its_limit(tables: None) -> None:
    add_domain("example.org", TARGET, aliases=-1)
    assert aliases() == {"postmaster@example.org": TARGET, "abuse@example.org": TARGET}
    add_domain("example.com", TARGET, aliases=2)
    with pytest.raises(Refused, match=r"alias limit \(2\)"):
        actions.create_alias(TESTER, Address.parse("info@example.com"), [TARGET])


def test_without_a_target_or_for_a_relayed_domain_there_are_none(tables: None) -> None:
    add_domain("example.org")
    add_domain("example.com", TARGET, transport="relay:[192.0.2.1]")
    assert aliases() == {"@example.com": "@example.com"}


def test_one_that_would_forward_to_itself_is_left_out(tables: None) -> None:
    add_domain("example.org", "Postmaster@example.org")
    assert aliases() == {"abuse@example.org": "Postmaster@example.org"}


def test_a_target_that_is_no_address_is_refused_and_nothing_is_created(tables: None) -> None:
    with pytest.raises(Refused, match="not a valid email address"):
        add_domain("example.org", "nobody")
    assert not Domain.objects.exists() and not Alias.objects.exists()


def test_those_that_are_lacking_can_be_added_later(domain: Domain) -> None:
    create("abuse@example.org")
    actions.change_domain(TESTER, domain, postmaster=TARGET)
    assert aliases() == {"abuse@example.org": "abuse@example.org", "postmaster@example.org": TARGET}
    actions.change_domain(TESTER, domain, postmaster="other@example.net")
    assert aliases()["postmaster@example.org"] == TARGET


def test_domains_without_them_are_found(domain: Domain) -> None:
    both, part, caught, other = (
        add_domain(f"{name}.example") for name in ("both", "part", "caught", "other")
    )
    actions.change_domain(TESTER, both, postmaster=TARGET)
    actions.create_alias(TESTER, Address.parse("Abuse@part.example"), [TARGET])
    actions.create_alias(TESTER, CatchAll("caught.example"), [TARGET])
    actions.create_alias_domain(TESTER, other.pk, both.pk)
    add_domain("relayed.example", transport="smtp:[192.0.2.1]")
    add_domain("backup.example", backupmx=True)
    actions.set_active(TESTER, add_domain("off.example"), False)
    found = {"example.org": ["postmaster", "abuse"], "part.example": ["postmaster"]}
    names = [row.pk for row in (domain, both, part, caught, other)]
    assert lacking_roles(names) == found
    assert [row.pk for row in without_roles(Domain.objects.all())] == list(found)
