"""Aliases and alias domains in the admin, including the refusals."""

import pytest
from django.test import Client

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.audit.models import Entry
from mailboxes.models import Alias, AliasDomain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, errors
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
