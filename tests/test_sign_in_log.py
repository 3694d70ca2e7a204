"""Sign-ins are logged with the client, in lines that fail2ban can trust."""

import logging
import re
from pathlib import Path

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.test import Client

from mailadmin.log_format import LineFormatter
from mailboxes.audit.models import Entry
from mailboxes.models import Mailbox
from tests.conftest import PASSWORD, logged

LOGIN = "/admin/login/"
FAIL2BAN = Path(__file__).resolve().parent.parent / "deploy/fail2ban.conf"
STARTS = ("", "panel gunicorn[123]: ", " panel python3[4]: ")
"""What comes before a line, by itself and as fail2ban reads it from the journal."""


def failregex() -> str:
    """Return fail2ban's expression with a group in place of the tag for the client."""
    [value] = re.findall("^failregex = (.+)$", FAIL2BAN.read_text(), re.MULTILINE)
    return str(value).replace("<HOST>", r"(\S+)")


@pytest.mark.finding("evidence")
def test_sign_ins_of_administrators_are_logged_with_their_clients(
    client: Client, tables: None
) -> None:
    User.objects.create_superuser("rita", password=PASSWORD)
    client.post(LOGIN, {"username": "rita", "password": "wrong"}, REMOTE_ADDR="192.0.2.7")
    client.post(LOGIN, {"username": "rita", "password": PASSWORD}, REMOTE_ADDR="192.0.2.8")
    assert logged("administrator.failed-sign-in") == [
        ("rita", "administrator.failed-sign-in", "rita")
    ]
    assert logged("administrator.sign-in") == [("rita", "administrator.sign-in", "rita")]
    clients = Entry.objects.order_by("seq").values_list("client", flat=True)
    assert list(clients) == ["192.0.2.7", "192.0.2.8"]
    assert "wrong" not in str(list(Entry.objects.values()))


@pytest.mark.finding("evidence")
def test_failed_sign_ins_of_owners_are_logged(client: Client, anna: Mailbox) -> None:
    new = {"new_password1": "quite another password", "new_password2": "quite another password"}
    client.post("/password/", {"address": anna.pk, "current_password": "wrong", **new})
    assert logged("mailbox.failed-sign-in") == [(anna.pk, "mailbox.failed-sign-in", anna.pk)]
    client.post("/password/", {"address": anna.pk, "current_password": PASSWORD, **new})
    assert logged("mailbox.password") == [(anna.pk, "mailbox.password", anna.pk)]


@pytest.mark.finding("silent-guess")
def test_the_right_password_of_an_owner_is_logged_even_if_it_is_not_changed(
    client: Client, anna: Mailbox
) -> None:
    form = {"address": anna.pk, "current_password": PASSWORD}
    for new in ({}, {"new_password1": "x", "new_password2": "y"}):
        client.post("/password/", form | new, REMOTE_ADDR="192.0.2.7")
    assert logged("mailbox.sign-in") == [(anna.pk, "mailbox.sign-in", anna.pk)] * 2
    assert Entry.objects.order_by("seq").last().client == "192.0.2.7"  # type: ignore[union-attr]


@pytest.mark.finding("evidence")
@pytest.mark.parametrize("name", ["rita", 'a"b', "x\nFailed sign-in from 192.0.2.9 as", "ü\u202e"])
def test_the_line_for_fail2ban_names_the_client_and_cannot_be_forged(
    client: Client, tables: None, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    caplog.set_level(logging.WARNING, "mailboxes.sign_in_log")
    client.post(LOGIN, {"username": name, "password": "wrong"}, REMOTE_ADDR="192.0.2.7")
    [record] = [record for record in caplog.records if record.name == "mailboxes.sign_in_log"]
    line = record.getMessage()
    assert line.startswith('Failed sign-in from 192.0.2.7 as "')
    assert line.isascii() and line.isprintable() and line.endswith('"')
    for start in STARTS:
        assert re.findall(failregex(), f"{start}WARNING {record.name}: {line}") == ["192.0.2.7"]


@pytest.mark.finding("forged-failure")
def test_a_url_that_quotes_the_line_for_fail2ban_gets_nobody_banned(
    client: Client, tables: None, caplog: pytest.LogCaptureFixture
) -> None:
    quoted = 'mailboxes.sign_in_log: Failed sign-in from 192.0.2.66 as "rita"'
    for url in (quoted, f"x/{quoted}", f"WARNING {quoted}", f"a b[1]: WARNING {quoted}"):
        client.get(f"/{url}")
        client.post(f"/{url}", HTTP_HOST=url)
    formatter = LineFormatter("%(levelname)s %(name)s: %(message)s")
    lines = [formatter.format(record) for record in caplog.records]
    assert len([line for line in lines if "192.0.2.66" in line]) >= 4
    for start in STARTS:
        assert not [line for line in lines if re.search(failregex(), start + line)]


def test_passwords_are_hashed_with_argon2_and_old_hashes_are_upgraded(
    client: Client, tables: None
) -> None:
    rita = User.objects.create_superuser("rita", password=PASSWORD)
    assert rita.password.startswith("argon2$argon2id$")
    User.objects.update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    client.post(LOGIN, {"username": "rita", "password": PASSWORD})
    assert User.objects.get().password.startswith("argon2$argon2id$")
    assert client.get("/admin/").status_code == 200
