"""The verdict on a password while it is typed, which matches that on saving."""

import pytest
from django.test import Client
from pytest_django import Settings

from mailboxes.models import Mailbox
from tests.conftest import PASSWORD

URL = "/password/check/"
CANDIDATES = [
    "sh0rt",
    "quite another password",
    "Passwort1234!",
    "123456789012",
    "anna@example.org",
    "berg example org 1",
    "tabulator\tin the middle of it",
    "x7-" * 30,
    "é" * 40,
]


@pytest.mark.parametrize("scheme", ["CRAM-MD5", "BLF-CRYPT"])
@pytest.mark.parametrize("password", CANDIDATES)
def test_the_verdict_matches_that_on_saving(
    client: Client, anna: Mailbox, settings: Settings, password: str, scheme: str
) -> None:
    settings.MAIL_PASSWORD_SCHEME = scheme
    Mailbox.objects.update(name="Anna Berg")
    about = {"account": "mailbox", "username": anna.pk, "name": "Anna Berg"}
    verdict = client.post(URL, {**about, "password": password}).json()
    new = {"new_password1": password, "new_password2": password}
    page = client.post("/password/", {"address": anna.pk, "current_password": PASSWORD, **new})
    assert verdict["accepted"] == (page.status_code == 302)
    if not verdict["accepted"]:
        assert page.context["form"].errors["new_password1"] == [verdict["text"]]
        assert password not in verdict["text"]


def test_the_daemons_limits_do_not_apply_to_administrators(
    client: Client, db: None, settings: Settings
) -> None:
    settings.MAIL_PASSWORD_SCHEME = "BLF-CRYPT"
    password = "four unrelated words, and then many more of them, seventy-two letters at least"
    answers = [
        client.post(URL, {"account": account, "username": "rita", "password": password}).json()
        for account in ("administrator", "mailbox")
    ]
    assert [answer["accepted"] for answer in answers] == [True, False]


def test_a_verdict_needs_no_query_and_is_not_cached(client: Client) -> None:
    # The test has no access to a database: any query would fail it.
    answer = client.post(URL, {"username": "anna@example.org", "password": PASSWORD})
    assert answer.json()["accepted"] and "no-store" in answer["Cache-Control"]


@pytest.mark.finding("csrf")
@pytest.mark.finding("change-on-get")
def test_a_verdict_requires_a_post_with_a_token() -> None:
    assert Client().get(URL).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(URL, {"password": PASSWORD}).status_code == 403
