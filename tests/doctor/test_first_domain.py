"""The domain in which a mailbox is made for an examination."""

import pytest
from django.db import connections

from mailboxes import actions
from mailboxes.conf import mail_host
from mailboxes.deployment.states import State
from mailboxes.doctor import chain
from mailboxes.doctor.access import Access
from mailboxes.doctor.chain import first_domain
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.conftest import TESTER


def test_it_is_the_first_that_can_have_mailboxes(tables: None) -> None:
    assert first_domain() == ""
    Domain.objects.create(domain="a.example", transport="relay:[192.0.2.1]")
    Domain.objects.create(domain="b.example", backupmx=True)
    Domain.objects.create(domain="c.example", active=False)
    Domain.objects.create(domain="localhost")
    Domain.objects.create(domain="d.example")
    AliasDomain.objects.create(alias_domain="d.example", target_domain="z.example")
    assert first_domain() == ""
    Domain.objects.create(domain="z.example")
    assert first_domain() == "z.example"


def test_a_relayed_domain_is_refused_since_an_alias_would_limit_its_recipients(
    tables: None,
) -> None:
    Domain.objects.create(domain="a.example", transport="relay:[192.0.2.1]")
    with pytest.raises(Refused, match="is relayed"), actions.canary(TESTER, "a.example"):
        pass
    assert not Alias.objects.exists() and not Mailbox.objects.exists()


def test_a_table_that_cannot_be_asked_for_it_does_not_end_the_examination(tables: None) -> None:
    Domain.objects.create(domain="a.example")
    with connections["mail"].cursor() as cursor:
        cursor.execute("ALTER TABLE alias_domain RENAME TO gone")
    host = mail_host()
    first, second, *_others = chain.examine(TESTER, host, Access(None, False, False, "localhost"))
    assert [each.hop.code for each in (first, second)] == ["database", "tables"]
    assert [each.code for each in first.findings][-1] == "database.canary"
    assert first.findings[0].state == State.WORKING
