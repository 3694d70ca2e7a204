"""What the admin's pages for all models have in common."""

import pytest
from django.test import Client

from mailboxes.models import Mailbox
from tests.admin.conftest import MAILBOX, errors
from tests.conftest import logged


@pytest.mark.parametrize("model", ["domain", "mailbox", "alias", "aliasdomain"])
def test_every_add_page_opens(rita: Client, tables: None, model: str) -> None:
    page = rita.get(f"/admin/mailboxes/{model}/add/")
    assert page.status_code == 200
    assert "required" in errors(rita.post(f"/admin/mailboxes/{model}/add/", {}))


@pytest.mark.parametrize("app", ["mailboxes", "auth"])
def test_app_urls_redirect_to_the_dashboard(rita: Client, app: str) -> None:
    assert rita.get(f"/admin/{app}/")["Location"] == "/admin/"


@pytest.mark.finding("change-on-get")
def test_signing_in_again_returns_to_the_mailbox(rita: Client, anna: Mailbox) -> None:
    answer = rita.get(f"{MAILBOX}anna_40example.org/set-active/")
    assert answer["Location"] == f"{MAILBOX}anna_40example.org/change/"
    assert Mailbox.objects.get().active


def test_only_an_actual_change_of_the_status_is_logged(rita: Client, anna: Mailbox) -> None:
    url = f"{MAILBOX}anna_40example.org/set-active/"
    answer = rita.post(url, {"active": "1"}, follow=True)
    assert "anna@example.org is already enabled." in answer.content.decode()
    assert Mailbox.objects.get().active and not logged()
    assert Mailbox.objects.get().modified == anna.modified
    rita.post(url, {"active": "0"})
    rita.post(url, {"active": "0"})
    assert not Mailbox.objects.get().active
    assert logged() == [("rita", "mailbox.disable", "anna@example.org")]


def test_a_row_that_was_deleted_leads_back_to_its_list(rita: Client, anna: Mailbox) -> None:
    page = rita.get(f"{MAILBOX}gone_40example.org/delete/?_changelist_filters=q%3Dx", follow=True)
    assert page.redirect_chain == [(f"{MAILBOX}?q=x", 302)]
    assert "It may have been deleted." in page.content.decode()
