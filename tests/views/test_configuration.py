"""The configuration page describes the host and the steps to set it up."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from pytest_django import Settings

from mailboxes.conf import mail_host
from mailboxes.models import Mailbox

URL = "/admin/configuration/"
THERE = "upgrade/?from=v2/debian13/CRAM-MD5&amp;to="


def commands(page: str) -> list[str]:
    return [unescape(text) for text in re.findall(r'<pre class="code">(.*?)</pre>', page)]


def words(html: str) -> str:
    """Return the text of the page with whitespace collapsed."""
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


@pytest.mark.parametrize(
    ("variant", "release", "text"),
    [
        (
            "v1",
            "debian12",
            "Mail client signs in Postfix accepts mail on ports 587 and 465 saslauthd",
        ),
        ("v1", "debian12", "PAM verifies it (pam_mysql) MariaDB stores the password hash"),
        ("v1", "debian13", "Mail delivery Postfix To Maildirs under /var/vmail."),
        ("v1", "debian13", "Not enforced Postfix alone doesn't support quotas"),
        ("v1", "debian13", "Not available V1 doesn't include an IMAP server."),
        ("v1", "debian13", "PLAIN, LOGIN Mail clients call both"),
        (
            "v2",
            "debian12",
            "Postfix accepts mail on ports 587 and 465 Dovecot 2.3 verifies the password",
        ),
        (
            "v2",
            "debian13",
            "Postfix accepts mail on ports 587 and 465 Dovecot 2.4 verifies the password",
        ),
        ("v2", "debian13", "PLAIN, LOGIN, CRAM-MD5 Mail clients call the first two"),
        ("v2", "debian13", "Rejected Passwords stored as plain MD5"),
        ("v2", "debian13", "Mail delivery Dovecot To Maildirs under /var/vmail."),
        ("v2", "debian13", "Enforced Mail to a mailbox that is over its quota is rejected"),
    ],
)
def test_the_page_describes_the_host(
    rita: Client, on_mysql: None, settings: Settings, variant: str, release: str, text: str
) -> None:
    settings.MAIL_VARIANT, settings.MAIL_RELEASE = variant, release
    page = words(rita.get(URL).content.decode())
    assert text in page and f"MAIL_VARIANT={variant}" in page
    assert f"MAIL_RELEASE={release}" in page
    assert "MAIL_HOME=/var/vmail MAIL_LOCATION=maildir:~" in page
    refuses_weak_forms = (variant, release) == ("v2", "debian13")
    assert ("MAIL_ALLOW_WEAK_SCHEMES=false" in page) == refuses_weak_forms


def test_a_weak_scheme_is_marked_and_stronger_ones_are_offered(
    rita: Client, on_mysql: None, settings: Settings
) -> None:
    page = rita.get(URL).content.decode()
    assert mail_host().scheme.weakness in unescape(page) and "MAIL_PASSWORD_SCHEME</code>" in page
    stronger = re.findall(f'{re.escape(THERE)}v2/debian13/([A-Z0-9-]*)">', page)
    assert stronger == ["SHA512-CRYPT", "BLF-CRYPT", "ARGON2ID", "SCRAM-SHA-256"]
    settings.MAIL_PASSWORD_SCHEME = "ARGON2ID"
    page = rita.get(URL).content.decode()
    assert "Weak:" not in page and "strong" in page


def test_the_steps_are_in_order_with_their_commands(rita: Client, on_mysql: None) -> None:
    assert commands(rita.get(URL).content.decode()) == [
        "scp mailadmin-v2-debian13.tar.gz root@mail.example.test:",
        "tar xzf mailadmin-v2-debian13.tar.gz && cd mailadmin-v2-debian13",
        "mariadb < grants.sql",
        "sh apply --dry-run",
        "sh apply",
        "postmap -q anna@example.org mysql:/etc/postfix/mailadmin/mailboxes.cf",
        "doveadm auth test anna@example.org",
    ]


def test_the_steps_depend_on_the_host(
    rita: Client, on_mysql: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAIL_VARIANT = "v1"
    assert commands(rita.get(URL).content.decode())[-1].startswith("testsaslauthd -s smtp ")
    settings.MAIL_VARIANT = "v2"
    file = {"ENGINE": "django.db.backends.sqlite3", "NAME": "/srv/mailadmin/var/mail.sqlite3"}
    monkeypatch.setitem(settings.DATABASES, "mail", settings.DATABASES["mail"] | file)
    found = " ".join(commands(rita.get(URL).content.decode()))
    assert "mariadb" not in found and "org sqlite:/etc/postfix" in found


def test_the_other_variant_shows_how_many_could_not_sign_in(
    rita: Client, on_mysql: None, anna: Mailbox, bob: Mailbox
) -> None:
    Mailbox.objects.filter(pk=anna.pk).update(password="acbd18db4cc2f85cedef654fccc4a4d8")
    page = rita.get(URL).content.decode()
    text = "The other variant: V1 sign-in problems V1 (Postfix, saslauthd, PAM, MySQL)"
    assert text in words(page)
    assert "1 of 2 active mailboxes can't sign in. Compare" in words(page)
    assert f'href="/admin/configuration/{THERE}v1/debian13/MD5"' in page
    bob.delete()
    page = words(rita.get(URL).content.decode())
    assert "no sign-in problems The only active mailbox can sign in." in page


def test_the_other_variant_of_v1_is_v2(rita: Client, on_mysql: None, settings: Settings) -> None:
    settings.MAIL_VARIANT = "v1"
    page = rita.get(URL).content.decode()
    assert "The other variant: V2" in page
    assert "from=v1/debian13/MD5&amp;to=v2/debian13/CRAM-MD5" in page


def test_large_tables_are_only_counted_on_request(
    rita: Client, on_mysql: None, anna: Mailbox, bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailboxes.queries.MAX_ROWS", 1)
    page = rita.get(URL).content.decode()
    assert "There are more than 1 mailboxes." in page and "can't sign in." not in page
    assert f'href="/admin/configuration/{THERE}v1/debian13/MD5">Count them</a>' in page


def test_an_unavailable_variant_is_not_linked(rita: Client, mail_file: None, anna: Mailbox) -> None:
    page = rita.get(URL).content.decode()
    assert "pam_mysql can&#x27;t read SQLite" in page and "to=v1" not in page
    assert "> sign-in problems" in page


def test_the_page_works_without_the_mail_database(rita: Client, on_mysql: None) -> None:
    with connections["mail"].cursor() as cursor:
        cursor.execute("DROP TABLE mailbox")
    answer = rita.get(URL)
    assert answer.status_code == 200 and "grants.sql" in answer.content.decode()
    assert "The mailboxes can't be counted at the moment" in answer.content.decode()


def test_the_page_has_no_inline_script_or_style(rita: Client, on_mysql: None) -> None:
    page = rita.get(URL).content.decode().partition('id="content"')[2]
    assert page and not re.search(r"<script|<style|<[^>]*\s(style|on\w+)=", page)


def test_the_page_is_for_superusers(rita: Client, mail_file: None) -> None:
    assert "no-store" in rita.get(URL)["Cache-Control"]
    staff = Client()
    staff.force_login(User.objects.create_user("sam", is_staff=True))
    assert staff.get(URL).status_code == 403
    assert staff.post(f"{URL}download/").status_code == 403


def test_the_page_exports_nothing_if_mail_would_be_out_of_sight(
    rita: Client, on_mysql: None, anna: Mailbox, tmp_path: Path, settings: Settings
) -> None:
    settings.MAIL_HOME = str(tmp_path)
    (tmp_path / "anna@example.org" / "cur").mkdir(parents=True)
    sentence = f"The mail of anna@example.org is in {tmp_path}/anna@example.org/cur, but with "
    page = words(rita.get(URL).content.decode())
    assert f"The configuration can't be exported: {sentence}" in page and "grants.sql" not in page
    answer = rita.post(f"{URL}download/")
    assert answer.status_code == 409 and answer.content.decode().startswith(sentence)
    (tmp_path / "anna@example.org").rename(tmp_path / "away")
    (tmp_path / "example.org").symlink_to("example.org")
    page = words(rita.get(URL).content.decode())
    assert "it is not known whether all mail is where" in page and "grants.sql" in page
    assert rita.post(f"{URL}download/").status_code == 200
