from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import PASSWORD, logged
from tests.second_factor.conftest import APP, CODES, OWN, REAUTHENTICATE, Person

DOWNLOAD = "/admin/configuration/download/"
PAGES = [OWN, APP, f"{OWN}passkey/", CODES, "/admin/auth/user/add/", "/admin/auth/user/1/change/"]
PAGES += ["/admin/auth/user/1/delete/", "/admin/auth/user/1/password/"]


@pytest.mark.parametrize("url", PAGES)
def test_sensitive_pages_ask_again_after_ten_minutes(vera: Person, url: str) -> None:
    vera.wait(590)
    assert REAUTHENTICATE not in vera.client.get(url).headers.get("Location", "")
    vera.wait()
    asked = f"{REAUTHENTICATE}?next={url}"
    assert vera.client.get(url)["Location"] == asked
    assert vera.client.post(asked, {"password": PASSWORD})["Location"] == url
    assert REAUTHENTICATE not in vera.client.get(url).headers.get("Location", "")


def test_other_pages_do_not_ask(vera: Person) -> None:
    vera.wait()
    for url in ("/admin/", "/admin/log/", "/admin/configuration/", "/admin/auth/user/"):
        assert vera.client.get(url).status_code == 200


def test_a_posted_change_is_neither_made_nor_kept_and_the_page_says_so(boss: Person) -> None:
    boss.wait()
    form = {"username": "eve", "password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    asked = boss.client.post("/admin/auth/user/add/", form)["Location"]
    assert "was not carried out, and nothing was saved" in boss.client.get(asked).content.decode()
    assert PASSWORD not in str(dict(boss.client.session))
    back: Any = boss.client.post(asked, {"password": PASSWORD}, follow=True)
    assert back.redirect_chain[-1][0] == "/admin/auth/user/add/"
    assert "Please repeat it" in back.content.decode()
    assert not User.objects.filter(username="eve")


def test_a_download_with_passwords_asks_and_is_not_sent_afterwards(
    boss: Person, mail_file: None
) -> None:
    boss.wait()
    asked = boss.client.post(DOWNLOAD)["Location"]
    back: Any = boss.client.post(asked, {"password": PASSWORD}, follow=True)
    assert back.redirect_chain[-1][0] == "/admin/configuration/"
    assert logged("configuration.download") == []
    assert boss.client.post(DOWNLOAD).status_code == 200


def test_wrong_passwords_are_counted_and_logged_and_lock_the_client_out(boss: Person) -> None:
    boss.wait()
    statuses = [boss.client.post(REAUTHENTICATE, {"password": "x"}).status_code for _ in range(6)]
    assert statuses[:4] == [200] * 4 and statuses[-1] == 429
    assert len(logged("administrator.failed-sign-in")) == 5
    assert boss.client.post(REAUTHENTICATE, {"password": PASSWORD}).status_code == 429


def test_right_passwords_are_not_counted(vera: Person) -> None:
    for _ in range(7):
        assert vera.client.post(REAUTHENTICATE, {"password": PASSWORD}).status_code == 302
    change = {"old_password": PASSWORD, "new_password1": "kurz", "new_password2": "kurz"}
    for _ in range(7):
        assert vera.client.post("/admin/password_change/", change).status_code == 200


@pytest.mark.parametrize(("wrong", "right"), [("password", "code"), ("code", "password")])
def test_knowing_one_gives_no_more_guesses_of_the_other(
    vera: Person, wrong: str, right: str
) -> None:
    def guess() -> int:
        return vera.client.post(REAUTHENTICATE, {wrong: "000000"}).status_code

    known = {"code": vera.code(), "password": PASSWORD}[right]
    assert [guess() for _ in range(4)] == [200] * 4
    assert vera.client.post(REAUTHENTICATE, {right: known}).status_code == 302
    assert [guess(), guess()] == [200, 429]


def test_a_right_old_password_gives_no_more_guesses(vera: Person) -> None:
    change = {"old_password": PASSWORD, "new_password1": "kurz", "new_password2": "kurz"}
    for _ in range(4):
        assert vera.client.post(REAUTHENTICATE, {"code": "000000"}).status_code == 200
    assert vera.client.post("/admin/password_change/", change).status_code == 200
    assert vera.client.post(REAUTHENTICATE, {"code": "000000"}).status_code == 200
    assert vera.client.post(REAUTHENTICATE, {"code": "000000"}).status_code == 429


def test_the_password_of_another_administrator_is_refused(boss: Person) -> None:
    boss.wait()
    User.objects.create_user("eve", password=PASSWORD + " of Eve", is_staff=True)
    form = {"username": "eve", "password": PASSWORD + " of Eve"}
    page = boss.client.post(REAUTHENTICATE, form)
    assert "The password is incorrect" in page.content.decode()


def test_a_code_is_accepted_in_place_of_the_password(vera: Person) -> None:
    vera.wait()
    assert vera.client.post(REAUTHENTICATE, {"code": "000000"}).status_code == 200
    assert (
        vera.client.post(f"{REAUTHENTICATE}?next={OWN}", {"code": vera.code()})["Location"] == OWN
    )
    assert vera.client.get(OWN).status_code == 200


def test_reauthentication_does_not_end_the_session_when_the_hash_is_upgraded(boss: Person) -> None:
    User.objects.update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    client = Client()
    client.force_login(User.objects.get())
    client.post(REAUTHENTICATE, {"password": PASSWORD})
    assert client.get(OWN).status_code == 200
    assert User.objects.get().password.startswith("argon2")


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", ""])
def test_next_can_only_be_a_page_of_this_panel(boss: Person, url: str) -> None:
    assert (
        boss.client.post(f"{REAUTHENTICATE}?next={url}", {"password": PASSWORD})["Location"]
        == "/admin/"
    )
