"""Importing relayed domains, the addresses in them, and hosts that can't be relayed to."""

import pytest

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING
from mailboxes.actions.imports.rows import AliasRow, DomainRow
from mailboxes.addresses import DomainName
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.models import Alias, Domain
from tests.actions.test_imports import reason, run

RITA = Actor(ADMINISTRATOR, "rita", "", EVERYTHING)


def relayed(host: str) -> DomainRow:
    return DomainRow("line 2", "example.org", transport=f"smtp:{host}")


@pytest.mark.parametrize("local_part", ["", "anna"])
def test_listed_addresses_are_imported_into_relayed_domains_only(
    tables: None, local_part: str
) -> None:
    own, other = f"{local_part}@example.net", f"{local_part}@example.org"
    assert reason([DomainRow("line 2", "example.net"), AliasRow("line 3", own, (own,))])
    run([relayed("192.0.2.1:26"), AliasRow("line 3", other, (other,))])
    assert Alias.objects.get().goto == other
    assert Domain.objects.get(pk="example.org").transport == "smtp:[192.0.2.1]:26"


@pytest.mark.parametrize(
    ("host", "sentence"),
    [("[127.0.0.1]", "this mail host itself"), ("two words", "is not a host to relay to")],
)
def test_a_host_that_can_not_be_relayed_to_is_refused(
    tables: None, host: str, sentence: str
) -> None:
    assert sentence in reason([relayed(host)])
    assert not Domain.objects.exists()
    actions.create_domain(RITA, DomainName.parse("example.org"))
    assert sentence in reason([relayed(host)], updates=True)
    assert Domain.objects.get().transport == "virtual"


def test_a_domain_whose_addresses_have_no_mailbox_stays_relayed(tables: None) -> None:
    actions.create_domain(RITA, DomainName.parse("example.org"), backupmx=True)
    row = DomainRow("line 2", "example.org", backup_mx=False)
    assert "Delete them first: @example.org." in reason([row], updates=True)
    Alias.objects.all().delete()
    run([row], updates=True)
    assert not Domain.objects.get().backupmx
