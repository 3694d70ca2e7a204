"""What an auditor sees."""

import pytest
from django.test import Client

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.models import Domain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX, mailbox_form, signed_in
from tests.conftest import PASSWORD, TESTER


@pytest.mark.finding("unguarded-delete")
def test_an_auditor_sees_everything_and_changes_nothing(anna: Mailbox) -> None:
    client = signed_in("auditor")
    page = client.get(f"{MAILBOX}anna@example.org/change/")
    assert page.status_code == 200 and b"new_password1" not in page.content
    assert client.post(f"{MAILBOX}anna@example.org/change/", mailbox_form()).status_code == 403
    assert client.post(f"{MAILBOX}anna@example.org/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/configuration/").status_code == 403
    assert client.post("/admin/configuration/download/").status_code == 403


@pytest.mark.parametrize(
    "url", [MAILBOX, f"{DOMAIN}add/", "/admin/configuration/", "/admin/configuration/download/"]
)
def test_the_admin_requires_signing_in(client: Client, tables: None, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 302 and "/admin/login/" in answer["Location"]


def test_read_only_pages_show_values_in_words(domain: Domain) -> None:
    actions.create_mailbox(TESTER, Address.parse("emil@example.org"), PASSWORD, quota=3 * 2**30)
    actions.create_alias(
        TESTER, Address.parse("info@example.org"), ["emil@example.org", "x@example.edu"]
    )
    client = signed_in("auditor")
    page = client.get(f"{MAILBOX}emil_40example.org/change/").content.decode()
    assert "3 GiB" in page and str(3 * 2**30) not in page and "Active</span>" in page
    assert "<img alt" not in page and "new_password1" not in page
    page = client.get(f"{ALIAS}info_40example.org/change/").content.decode()
    assert "<span>emil@<wbr>example.org</span><span>x@<wbr>example.edu</span>" in page
    page = client.get(f"{DOMAIN}example.org/change/").content.decode()
    assert "no limit" in page and "MB for" not in page
