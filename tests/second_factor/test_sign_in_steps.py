import json
import logging
import time
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.second_factor import factors
from mailboxes.throttle.limits import CODES as CODES_PER_ACCOUNT
from tests.conftest import PASSWORD, logged
from tests.second_factor.conftest import (
    APP,
    CODE,
    CODES,
    LOGIN,
    MALFORMED,
    OWN,
    REAUTHENTICATE,
    TRUNCATED,
    Person,
    authentication,
)

VERA = Actor(ADMINISTRATOR, "vera")


def is_signed_in(person: Person) -> bool:
    return person.client.get("/admin/log/").status_code == 200


def test_without_a_second_factor_the_password_is_enough(boss: Person) -> None:
    assert boss.sign_in(next="/admin/log/")["Location"] == "/admin/log/" and is_signed_in(boss)


def test_the_password_alone_is_not_enough_for_someone_with_a_second_factor(vera: Person) -> None:
    assert vera.sign_in(next="/admin/log/")["Location"] == CODE
    assert "_auth_user_id" not in vera.client.session and not is_signed_in(vera)
    assert logged("administrator.sign-in")[1:] == []
    assert vera.client.post(CODE, {"code": vera.code()})["Location"] == "/admin/log/"
    assert is_signed_in(vera)
    assert len(logged("administrator.sign-in")) == 2


def test_a_code_works_only_once_even_in_another_browser(vera: Person) -> None:
    code = vera.code()
    vera.sign_in()
    vera.client.post(CODE, {"code": code})
    for client in (vera.client, Client()):
        vera.client = client
        vera.sign_in()
        page = client.post(CODE, {"code": code})
        assert page.status_code == 200 and "has already been used" in page.content.decode()
    assert not is_signed_in(vera)


def test_an_older_code_than_the_last_one_is_refused(vera: Person) -> None:
    vera.sign_in()
    vera.client.post(CODE, {"code": vera.code(1)})
    vera.sign_in()
    assert vera.client.post(CODE, {"code": vera.code()}).status_code == 200


def test_the_code_that_set_up_the_app_does_not_sign_in(vera: Person) -> None:
    vera.sign_in()
    assert vera.client.post(CODE, {"code": vera.code(-1)}).status_code == 200


@pytest.mark.parametrize("code", ["", "000000", "x" * 400, "١٢٣٤٥٦", "\ud83d", "0" * 8])
def test_a_wrong_code_does_not_sign_in(vera: Person, code: str) -> None:
    vera.sign_in()
    data = f"code={code}".encode("utf-8", "surrogatepass")
    form = "application/x-www-form-urlencoded"
    page = vera.client.post(CODE, data, content_type=form)
    assert page.status_code == 200 and not is_signed_in(vera)


@pytest.mark.parametrize(
    "credential",
    ["x", "{}", "[]", "null", '{"id": 1}', '{"response": {}}', *MALFORMED,
     *map(authentication, TRUNCATED)],
)  # fmt: skip
def test_a_malformed_passkey_does_not_sign_in(vera: Person, credential: str) -> None:
    vera.sign_in()
    page = vera.client.post(CODE, {"code": "", "credential": credential})
    assert "was not accepted" in page.content.decode() and not is_signed_in(vera)
    assert len(logged("administrator.failed-second-factor")) == 1


def test_wrong_codes_are_logged_for_fail2ban_and_lock_the_client_out(
    vera: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "mailboxes.sign_in_log")
    vera.sign_in()
    statuses = [
        vera.client.post(CODE, {"code": "000000"}, REMOTE_ADDR="192.0.2.7").status_code
        for _ in range(6)
    ]
    assert statuses == [200] * 5 + [429]
    lines = [row.getMessage() for row in caplog.records if row.name == "mailboxes.sign_in_log"]
    assert lines == ['Failed sign-in from 192.0.2.7 as "vera"'] * 5
    entry = ("vera", "administrator.failed-second-factor", "vera")
    assert logged("administrator.failed-second-factor") == [entry] * 5
    right = {"code": vera.code()}
    assert vera.client.post(CODE, right, REMOTE_ADDR="192.0.2.7").status_code == 429
    assert vera.client.post(CODE, right, REMOTE_ADDR="192.0.2.8").status_code == 302


@pytest.mark.finding("spraying")
def test_codes_from_many_clients_are_limited_but_not_for_the_owner(vera: Person) -> None:
    def enter(client: str, **form: str) -> int:
        return vera.client.post(CODE, {"code": "", **form}, REMOTE_ADDR=client).status_code

    vera.sign_in()
    assert enter("192.0.2.7", code=vera.code()) == 302
    vera.sign_in()
    clients = [f"198.51.100.{number}" for number in range(CODES_PER_ACCOUNT.attempts)]
    statuses = [enter(client, code="000000") for client in clients]
    assert statuses == [200] * (len(clients) - 1) + [429]  # Vera's own was the first
    assert enter("198.51.100.200", credential="x") == 200
    assert enter("192.0.2.7", code=vera.code(1)) == 302
    vera.sign_in()
    assert enter("198.51.100.201", code="000000") == 429
    call_command("unlock", "vera", stdout=StringIO())
    assert enter("198.51.100.201", code="000000") == 200


def test_the_right_password_does_not_reset_the_count_of_wrong_codes(vera: Person) -> None:
    for _ in range(5):
        vera.sign_in()
        vera.client.post(CODE, {"code": "000000"})
    assert vera.sign_in().status_code == 429


@pytest.mark.parametrize("change", ["password", "is_active", "is_staff", "time", "deleted"])
def test_a_sign_in_in_progress_ends_when_the_account_changes_or_time_is_up(
    vera: Person, change: str
) -> None:
    vera.sign_in()
    code = vera.code()
    if change == "time":
        session = vera.client.session
        session["pending_sign_in"] |= {"at": int(time.time()) - 601}
        session.save()
    elif change == "deleted":
        vera.user.delete()
    else:
        value: Any = make_password("another password") if change == "password" else False
        User.objects.update(**{change: value})
    assert vera.client.post(CODE, {"code": code})["Location"] == LOGIN


def test_the_code_page_needs_a_password_first(client: Client, tables: None) -> None:
    assert client.get(CODE)["Location"] == LOGIN
    assert client.post(CODE, {"code": "000000"})["Location"] == LOGIN


@pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example", "javascript:x"])
@pytest.mark.parametrize("name", ["boss", "vera"])
def test_next_can_only_be_a_page_of_this_panel(
    boss: Person, vera: Person, name: str, next_url: str
) -> None:
    person = boss if name == "boss" else vera
    page = person.sign_in(next=next_url)
    if name == "vera":
        page = person.client.post(CODE, {"code": vera.code()})
    assert page["Location"] == "/admin/"


def test_a_wrong_name_a_wrong_password_and_an_unusable_account_get_the_same_answer(
    tables: None,
) -> None:
    User.objects.create_user("right", password=PASSWORD, is_staff=True)
    User.objects.create_user("inactive", password=PASSWORD, is_staff=True, is_active=False)
    User.objects.create_user("visitor", password=PASSWORD)
    answers = set()
    for name, password in (
        ("right", "wrong"),
        ("nobody", PASSWORD),
        ("inactive", PASSWORD),
        ("visitor", PASSWORD),
    ):
        page = Client().post(LOGIN, {"username": name, "password": password})
        answers.add((page.status_code, str(page.context["form"].non_field_errors())))
    assert len(answers) == 1 and next(iter(answers))[0] == 200


def test_an_account_without_a_role_is_not_redirected_in_circles(
    tables: None, client: Client
) -> None:
    client.force_login(User.objects.create_user("visitor", password=PASSWORD))
    page = client.get("/admin/", follow=True)
    assert [url for url, _ in page.redirect_chain] == ["/admin/login/?next=/admin/"]
    assert "You are signed in as visitor" in page.content.decode()


@pytest.mark.parametrize(
    "path", ["signup/", "accounts/signup/", "accounts/login/", "admin/signup/", "admin/mfa/"]
)
def test_allauth_serves_no_pages_here(boss: Person, path: str) -> None:
    assert boss.client.get(f"/{path}").status_code == 404
    for name in ("mfa/authenticator", "account/emailaddress"):
        assert boss.client.get(f"/admin/{name}/").status_code == 404


def test_another_session_without_the_second_factor_ends(boss: Person) -> None:
    elsewhere = Client()
    elsewhere.force_login(boss.user)
    boss.add_app()
    assert boss.client.get("/admin/").status_code == 200
    page: Any = elsewhere.post("/admin/password_change/", follow=True)
    assert [url for url, _ in page.redirect_chain] == [
        f"{LOGIN}?ended=1&next=%2Fadmin%2Fpassword_change%2F&lost=1"
    ]
    assert "role or second factor was changed" in page.content.decode()
    assert "The action was not carried out" in page.content.decode()
    assert "_auth_user_id" not in elsewhere.session


@pytest.mark.finding("validation-bypass")
def test_signing_out_forgets_the_second_factor(vera: Person) -> None:
    vera.sign_in()
    vera.client.post(CODE, {"code": vera.code()})
    vera.client.post("/admin/logout/")
    assert vera.sign_in()["Location"] == CODE and not is_signed_in(vera)


@pytest.mark.finding("validation-bypass")
def test_a_session_that_still_needs_a_code_cannot_open_any_page(vera: Person) -> None:
    vera.sign_in()
    for url in ("/admin/", OWN, APP, CODES, REAUTHENTICATE):
        assert vera.client.get(url)["Location"] == f"{LOGIN}?next={url}"


def test_a_recovery_code_works_once_and_the_rest_is_counted(vera: Person) -> None:
    codes = vera.client.post(CODES).context["codes"]
    assert len(set(codes)) == 10
    for number, code in enumerate(codes[:8], 1):
        vera.sign_in()
        page = vera.client.post(CODE, {"code": code}, follow=True)
        warned = f"You have {10 - number} recovery code" in page.content.decode()
        assert is_signed_in(vera) and warned == (number == 8)
    assert logged("administrator.use-recovery-code")[0][2] == "vera"
    vera.sign_in()
    page = vera.client.post(CODE, {"code": codes[0]})
    assert "is wrong or has already been used. Enter another one." in page.content.decode()
    assert not is_signed_in(vera)


def test_secrets_are_encrypted_and_survive_a_new_secret_key(
    vera: Person, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    secret = vera.code()
    vera.client.post(CODES)
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert "gAAAA" in stored and secret not in stored
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another secret key, also long enough"
    assert not factors.use_code(VERA, vera.user, secret)
    assert "can't be decrypted" in caplog.text
    settings.SECRET_KEY_FALLBACKS = [old]
    assert factors.use_code(VERA, vera.user, secret)
