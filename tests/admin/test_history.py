"""What those who administer some domains see of the log: their own domains, and no clients."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.models import Entry
from mailboxes.models import Domain, Mailbox
from tests.admin.conftest import DOMAIN, MAILBOX, signed_in
from tests.conftest import PASSWORD, TESTER

pytestmark = pytest.mark.logged_fixtures

ANNA = f"{MAILBOX}anna_40example.org/"
CLIENT = "192.0.2.7"


def history(client: Client, url: str = ANNA) -> str:
    return client.get(f"{url}history/").content.decode()


@pytest.mark.parametrize("role", ["domain", "helpdesk"])
def test_clients_of_others_are_hidden_from_those_with_some_domains(
    rita: Client, anna: Mailbox, role: str
) -> None:
    rita.post(f"{ANNA}set-active/", {"active": "0"}, REMOTE_ADDR=CLIENT)
    otto = signed_in(role, "example.org")
    page = history(otto)
    assert "rita" in page and CLIENT not in page and "127.0.0.1" not in page
    otto.post(f"{ANNA}set-active/", {"active": "1"})
    page = history(otto)
    assert "127.0.0.1" in page and CLIENT not in page
    for client in (rita, signed_in("auditor", name="nina")):
        assert CLIENT in history(client)


@pytest.fixture
def reborn(anna: Mailbox) -> Mailbox:
    """Anna's mailbox in a new domain, whose predecessor of the same name had one, too."""
    actions.set_active(TESTER, anna, False)
    actions.delete_domain(TESTER, Domain.objects.get())
    Entry.objects.update(at=Entry.objects.earliest("at").at - timedelta(hours=1))
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    return actions.create_mailbox(TESTER, Address.parse("anna@example.org"), PASSWORD)


def actions_shown(page: Any) -> list[str]:
    return [logged.entry.action for logged in page.context["entries"]]


@pytest.mark.parametrize("role", ["domain", "helpdesk"])
def test_a_new_domain_does_not_show_the_history_of_a_former_one(
    rita: Client, reborn: Mailbox, role: str
) -> None:
    otto = signed_in(role, "example.org")
    domain = f"{DOMAIN}example.org/history/"
    assert actions_shown(otto.get(f"{ANNA}history/")) == ["mailbox.create"]
    assert actions_shown(otto.get(domain)) == ["domain.create"]
    assert actions_shown(otto.get("/admin/")) == ["mailbox.create", "domain.create"]
    assert len(actions_shown(rita.get(domain))) == 3
    assert len(actions_shown(rita.get(f"{ANNA}history/"))) == 3


def test_entries_of_a_former_domain_do_not_displace_those_of_others(anna: Mailbox) -> None:
    net = actions.create_domain(TESTER, DomainName.parse("example.net"))
    for _ in range(4):
        actions.set_active(TESTER, anna, False)
        actions.set_active(TESTER, anna, True)
    actions.delete_domain(TESTER, Domain.objects.get(pk="example.org"))
    hour = timedelta(hours=1)
    Entry.objects.update(at=Entry.objects.earliest("at").at - hour)
    Domain.objects.filter(pk=net.pk).update(created=net.created - hour)
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    otto = signed_in("domain", "example.org", "example.net")
    assert actions_shown(otto.get("/admin/")) == ["domain.create", "domain.create"]


def test_a_bulk_action_of_two_batches_shows_the_rows_of_present_domains_only(
    anna: Mailbox, bob: Mailbox
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    other = actions.create_mailbox(TESTER, Address.parse("carl@example.net"), PASSWORD)
    first = actions.set_active_in_bulk(TESTER, [anna, other], False)
    actions.set_active_in_bulk(TESTER, [bob], False, first.entry)
    later = Domain.objects.get(pk="example.net").created + timedelta(hours=1)
    Domain.objects.filter(pk="example.net").update(created=later)
    otto = signed_in("domain", "example.org", "example.net")
    newest = otto.get("/admin/").context["entries"][0]
    assert [row.name for row in newest.subjects] == [anna.pk, bob.pk] and newest.others == 0


def test_a_bulk_action_shows_the_rows_of_present_domains_only(rita: Client, anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    other = actions.create_mailbox(TESTER, Address.parse("bob@example.net"), PASSWORD)
    actions.set_active_in_bulk(TESTER, [anna, other], False)
    Domain.objects.filter(pk="example.net").update(
        created=Domain.objects.get(pk="example.net").created + timedelta(hours=1)
    )
    otto = signed_in("domain", "example.org", "example.net")
    page = otto.get("/admin/")
    newest = page.context["entries"][0]
    assert [row.name for row in newest.subjects] == [anna.pk] and newest.others == 0
