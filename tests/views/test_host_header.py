"""No page or redirect is built from the Host header that a request brings along."""

import pytest
from django.test import Client
from pytest_django import Settings

from mailboxes.models import Mailbox
from tests.conftest import PASSWORD

FORGED = "evil.example"
PAGES = ("/", "/password/", "/admin/", "/admin/login/", "/admin/mailboxes/mailbox/", "/nothing/")


@pytest.mark.finding("host-header")
@pytest.mark.parametrize("url", PAGES)
def test_a_request_for_another_host_is_refused(rita: Client, settings: Settings, url: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    assert rita.get(url, headers={"host": FORGED}).status_code == 400
    assert rita.get(url).status_code in (200, 302, 404)


@pytest.mark.finding("host-header")
@pytest.mark.parametrize("url", PAGES)
def test_no_page_and_no_redirect_names_the_host(
    rita: Client, client: Client, settings: Settings, url: str
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    for visitor in (rita, client):
        answer = visitor.get(url, headers={"host": FORGED, "x-forwarded-host": FORGED})
        assert FORGED not in answer.content.decode() + answer.get("Location", "")


@pytest.mark.finding("host-header")
def test_a_change_of_password_does_not_redirect_to_the_forged_host(
    client: Client, anna: Mailbox, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    new = {"new_password1": "quite another password", "new_password2": "quite another password"}
    data = {"address": anna.pk, "current_password": PASSWORD, **new}
    answer = client.post("/password/", data, headers={"host": FORGED})
    assert answer.status_code == 302 and FORGED not in answer["Location"]
