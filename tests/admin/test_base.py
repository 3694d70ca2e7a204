import pytest
from django.test import Client

from mailboxes.models import Mailbox
from tests.admin.conftest import MAILBOX, errors


@pytest.mark.parametrize("model", ["domain", "mailbox", "alias", "aliasdomain"])
def test_every_add_page_opens(rita: Client, tables: None, model: str) -> None:
    page = rita.get(f"/admin/mailboxes/{model}/add/")
    assert page.status_code == 200
    assert "required" in errors(rita.post(f"/admin/mailboxes/{model}/add/", {}))


@pytest.mark.parametrize("app", ["mailboxes", "auth"])
def test_app_urls_redirect_to_the_dashboard(rita: Client, app: str) -> None:
    assert rita.get(f"/admin/{app}/")["Location"] == "/admin/"


def test_signing_in_again_returns_to_the_mailbox(rita: Client, anna: Mailbox) -> None:
    answer = rita.get(f"{MAILBOX}anna_40example.org/set-active/")
    assert answer["Location"] == f"{MAILBOX}anna_40example.org/change/"
    assert Mailbox.objects.get().active
