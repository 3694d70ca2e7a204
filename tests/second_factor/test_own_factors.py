import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from pytest_django import Settings

from mailboxes.audit.models import Entry, Subject
from mailboxes.second_factor import factors
from tests.conftest import logged, meanwhile
from tests.second_factor.conftest import (
    APP,
    CODE,
    CODES,
    MALFORMED,
    OWN,
    TRUNCATED,
    Person,
    code_of,
    registration,
)

PASSKEY = f"{OWN}passkey/"


def text(page: Any) -> str:
    return str(page.content.decode())


def test_an_app_is_added_with_its_first_code(boss: Person) -> None:
    page = boss.client.get(APP)
    secret = page.context["secret"].replace(" ", "")
    assert boss.client.get(APP).context["secret"].replace(" ", "") == secret
    wrong = boss.client.post(APP, {"code": "000000"})
    assert "This code is wrong" in text(wrong) and not factors.has_second_factor(boss.user)
    assert boss.client.post(APP, {"code": code_of(secret)})["Location"] == CODES
    assert logged("administrator.add") == [("boss", "administrator.add-second-factor", "boss")]
    assert "set up" in text(boss.client.get(OWN)) and boss.client.get("/admin/").status_code == 200


def test_the_qr_code_is_in_the_page_and_the_secret_in_no_log_or_session(boss: Person) -> None:
    page = boss.client.get(APP)
    secret = page.context["secret"].replace(" ", "")
    assert "<svg" in text(page) and "<?xml" not in text(page) and "data:image" not in text(page)
    assert secret not in str(dict(boss.client.session))
    boss.client.post(APP, {"code": code_of(secret)})
    kept = [*Entry.objects.values(), *Subject.objects.values(), *Authenticator.objects.values()]
    assert secret not in str(kept) and secret not in str(dict(boss.client.session))


def test_a_second_app_is_refused(vera: Person) -> None:
    secret = vera.client.get(APP).context["secret"].replace(" ", "")
    page = vera.client.post(APP, {"code": code_of(secret)})
    assert "already have an authenticator app" in text(page)
    assert factors.of(vera.user).count() == 1


def test_removing_the_last_factor_removes_the_recovery_codes(vera: Person) -> None:
    vera.client.post(CODES)
    url = f"{OWN}{factors.of(vera.user).get().pk}/remove/"
    assert "recovery codes will be removed" in text(vera.client.get(url))
    german = vera.client.get(url, headers={"accept-language": "de"})
    assert "<h1>Die Authenticator-App entfernen?</h1>" in german.content.decode()
    assert factors.has_second_factor(vera.user)
    vera.client.post(url)
    assert not Authenticator.objects.exists()
    entry = ("vera", "administrator.remove-second-factor", "vera")
    assert logged("administrator.remove") == [entry]


@pytest.mark.parametrize("with_recovery_code", [False, True])
def test_removing_a_factor_ends_the_other_sessions_that_have_used_it(
    vera: Person, with_recovery_code: bool
) -> None:
    codes = vera.client.post(CODES).context["codes"]
    other = Person(vera.user, Client())
    other.sign_in()
    other.client.post(CODE, {"code": codes[0] if with_recovery_code else vera.code()})
    vera.client.post(f"{OWN}{factors.of(vera.user).get().pk}/remove/")
    assert vera.client.get("/admin/").status_code == 200
    assert other.client.get("/admin/").status_code == 302


def test_new_recovery_codes_end_the_other_sessions_that_have_used_old_ones(vera: Person) -> None:
    codes = vera.client.post(CODES).context["codes"]
    clients = [Client(), Client()]
    for client, code in zip(clients, codes, strict=False):
        vera.client = client
        vera.sign_in()
        client.post(CODE, {"code": code})
    clients[0].post(CODES)
    assert [client.get("/admin/").status_code for client in clients] == [200, 302]


def test_administrators_cannot_remove_the_factors_of_others(vera: Person, boss: Person) -> None:
    url = f"{OWN}{factors.of(vera.user).get().pk}/remove/"
    assert boss.client.post(url).status_code == 404 and factors.has_second_factor(vera.user)


def test_recovery_codes_are_shown_once_and_replace_the_old_ones(vera: Person) -> None:
    first = vera.client.post(CODES).context["codes"]
    for url in (CODES, OWN):
        page = text(vera.client.get(url))
        assert "10 codes left" in page and first[0] not in page
    second = vera.client.post(CODES).context["codes"]
    assert not set(first) & set(second)
    file = vera.client.post(f"{CODES}file/", {"codes": [*second, "<b>"]})
    assert second[9] in text(file) and "<b>" not in text(file) and "vera" in text(file)
    assert file["Content-Disposition"].startswith("attachment")
    assert len(logged("administrator.generate-recovery-codes")) == 2
    kept = [*Entry.objects.values(), *Subject.objects.values(), *Authenticator.objects.values()]
    assert not re.search("|".join(code.replace("-", "-?") for code in second), str(kept))


def test_recovery_codes_need_a_factor(boss: Person) -> None:
    assert boss.client.post(CODES)["Location"] == OWN and not Authenticator.objects.exists()


def test_recovery_codes_of_a_factor_that_was_just_reset_are_refused(vera: Person) -> None:
    with meanwhile(Authenticator.objects.all().delete):
        answer = vera.client.post(CODES)
    assert answer["Location"] == CODES and not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "credential",
    ["", "x", "{}", "[]", "null", '{"response": {"a": 1}}', *MALFORMED,
     *map(registration, TRUNCATED)],
)  # fmt: skip
def test_a_malformed_passkey_is_refused(boss: Person, credential: str) -> None:
    assert boss.client.get(PASSKEY).status_code == 200
    page = boss.client.post(PASSKEY, {"name": "x", "credential": credential})
    assert page.status_code == 200 and not Authenticator.objects.exists()
    assert not credential or "could not be verified" in text(page)


@pytest.mark.finding("second-factor-exceptions")
def test_an_administrator_who_needs_a_second_factor_can_only_set_it_up(
    boss: Person, settings: Settings
) -> None:
    settings.SECOND_FACTOR_REQUIRED = ["superuser"]
    boss.sign_in()
    for url in ("/admin/", "/admin/log/", "/admin/auth/user/", CODES):
        assert boss.client.get(url)["Location"] == OWN
    assert boss.client.post("/admin/configuration/download/")["Location"] == OWN
    page = text(boss.client.get(OWN))
    assert "Your role requires a second factor" in page and "Sign out" in page
    assert 'class="sidebar"' not in page
    boss.add_app()
    assert boss.client.get("/admin/").status_code == 200


def test_an_administrator_who_needs_a_second_factor_cannot_remove_the_last_one(
    vera: Person, settings: Settings
) -> None:
    settings.SECOND_FACTOR_REQUIRED = ["superuser"]
    url = f"{OWN}{factors.of(vera.user).get().pk}/remove/"
    assert "your role requires one" in text(vera.client.get(url))
    page = vera.client.post(url, follow=True)
    assert "Add another one first" in text(page) and factors.has_second_factor(vera.user)


def test_a_role_that_is_not_named_needs_no_second_factor(otto: Person, settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = ["superuser"]
    assert otto.client.get("/admin/").status_code == 200
    settings.SECOND_FACTOR_REQUIRED = ["superuser", "domain-administrator"]
    assert otto.client.get("/admin/")["Location"] == OWN


@pytest.mark.parametrize("url", [OWN, APP, PASSKEY, CODES, "/admin/confirm/"])
def test_the_pages_are_for_administrators(client: Client, tables: None, url: str) -> None:
    assert client.get(url)["Location"] == f"/admin/login/?next={url}"
