"""MAIL_LOCATION, and how each daemon is told where a mailbox's mail is."""

import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from pytest_django import Settings

from mailboxes.conf import MailHost, mail_host
from mailboxes.export import folder_sql
from mailboxes.mail_location import BadLocation, MailLocation
from mailboxes.variants import DEBIAN12, V1, V2
from tests.export.conftest import HOSTS, SQLITE, texts
from tests.export.conftest import mail_host as host_of

HOME = "/var/vmail"
LOCATIONS = [
    ("maildir:~", "", "", "a.org/x/", "a.org/x"),
    ("maildir:~/Maildir", "", "Maildir", "a.org/x/", "a.org/x/Maildir"),
    ("maildir:/var/vmail/%d/%n", "%d/%n/", "", "other/", "ex.org/anna"),
    ("maildir:/var/vmail/%u", "%u/", "", "other/", "anna@ex.org"),
    ("maildir:/var/vmail/%d/%u", "%d/%u/", "", "other/", "ex.org/anna@ex.org"),
    ("maildir:/var/vmail/%u/.mail/in", "%u/", ".mail/in", "other/", "anna@ex.org/.mail/in"),
    ("maildir:/var/vmail/%d/%1n/%n-x", "%d/%1n/%n-x/", "", "other/", "ex.org/a/anna-x"),
]


@pytest.mark.parametrize(("setting", "folder", "subfolder", "maildir", "place"), LOCATIONS)
@pytest.mark.parametrize("nested", [False, True])
def test_a_location_is_read_and_written(
    setting: str, folder: str, subfolder: str, maildir: str, place: str, nested: bool
) -> None:
    setting += ":LAYOUT=fs" if nested else ""
    location = MailLocation.parse(setting, HOME)
    assert location == MailLocation(folder, subfolder, nested)
    assert location.setting(HOME) == setting
    assert location.path(HOME, "Anna@Ex.org", maildir) == f"{HOME}/{place}"


@pytest.mark.parametrize(
    ("setting", "same"),
    [
        ("maildir:~/", "maildir:~"),
        ("maildir:~/Maildir/", "maildir:~/Maildir"),
        ("maildir:/var/vmail/%Ld/%Ln/", "maildir:/var/vmail/%d/%n"),
    ],
)
def test_other_spellings_mean_the_same(setting: str, same: str) -> None:
    assert MailLocation.parse(setting, HOME) == MailLocation.parse(same, HOME)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("mbox:~/mail", "only Maildir is supported"),
        ("mdbox:~/mdbox", "only Maildir is supported"),
        ("maildir:/var/vmail/%d", "with %u, or with %d and %n"),
        ("maildir:/var/vmail", "with %u, or"),
        ("maildir:/srv/mail/%u", "such as maildir:/var/vmail/%d/%n."),
        ("maildir:/var/vmail/../%u", "Set it to"),
        ("maildir:~/../x", "Set it to"),
        ("maildir:~//x", "Set it to"),
        ("maildir:~/%u", "Set it to"),
        ("maildir:~/a b", "Set it to"),
        ("maildir:~:INDEX=/var/index", "Set it to"),
        ("maildir:/var/vmail/%h/%u", "Set it to"),
        ("maildir:/var/vmail/%u\n", "Set it to"),
        ("maildir", "Set it to"),
        ("", "Set it to"),
    ],
)
def test_another_location_is_refused_in_a_sentence(setting: str, sentence: str) -> None:
    with pytest.raises(BadLocation, match="^MAIL_LOCATION is “") as refused:
        MailLocation.parse(setting, HOME)
    assert sentence in str(refused.value)


def test_the_location_is_below_the_mail_folder_of_the_settings(settings: Settings) -> None:
    settings.MAIL_LOCATION = "maildir:/var/vmail/%u"
    assert mail_host().mail_location == settings.MAIL_LOCATION
    settings.MAIL_HOME = "/srv/mail"
    with pytest.raises(BadLocation):
        mail_host()


def located(host: MailHost, setting: str) -> MailHost:
    return replace(host, location=MailLocation.parse(setting, HOME))


def answer(expression: str, username: str, maildir: str) -> str | None:
    """Return what SQLite makes of an expression over a row."""
    with closing(sqlite3.connect(":memory:")) as connection:
        row = "(SELECT ? AS username, ? AS maildir)"
        cursor = connection.execute(f"SELECT {expression} FROM {row}", (username, maildir))
        value: str | None = cursor.fetchone()[0]
        return value


@pytest.mark.parametrize(("setting", "folder", "subfolder", "maildir", "place"), LOCATIONS)
def test_postfix_and_dovecot_agree_about_a_row(
    setting: str, folder: str, subfolder: str, maildir: str, place: str
) -> None:
    host = located(host_of(V2, SQLITE), setting)
    below = answer(folder_sql.maildir(host), "Anna@Ex.org", maildir)
    assert below == f"{place}/"
    home = answer(folder_sql.home(host), "Anna@Ex.org", maildir)
    assert home and f"{home.rstrip('/')}/{subfolder}".rstrip("/") == f"{HOME}/{place}"


@pytest.mark.parametrize(
    ("maildir", "home", "v1", "v2"),
    [
        ("/var/vmail/x/", "/var/vmail/x/", "x/", "x/"),
        ("/srv/x/", "/srv/x/", None, "/srv/x/"),
        ("x/", "/var/vmail/x/", "x/", "x/"),
    ],
)
def test_an_absolute_folder_in_the_column_is_not_put_below_the_mail_folder(
    maildir: str, home: str, v1: str | None, v2: str
) -> None:
    host = host_of(V2, SQLITE)
    assert answer(folder_sql.home(host), "x", maildir) == home
    for variant, expected in ((V1, v1), (V2, v2)):
        expression = folder_sql.maildir(replace(host, variant=variant))
        assert answer(expression, "x", maildir) == expected


@pytest.mark.parametrize("name", HOSTS)
def test_every_file_with_a_folder_follows_the_location(name: str) -> None:
    host = located(HOSTS[name], "maildir:/var/vmail/%u/Maildir:LAYOUT=fs")
    files = texts(host)
    postfix = files["etc/postfix/mailadmin/mailboxes.cf"]
    assert "LOWER(username)" in postfix and "'Maildir/'" in postfix
    assert "maildir " not in re.sub("#.*", "", postfix)
    if host.variant is V2:
        home = f"SELECT username AS user, {folder_sql.home(host)} AS home"
        assert home in files["etc/dovecot/mailadmin-sql.conf.ext"]
        conf = files["etc/dovecot/conf.d/99-mailadmin.conf"]
        if host.release is DEBIAN12:
            assert "\nmail_location = maildir:~/Maildir:LAYOUT=fs\n" in conf
        else:
            assert "\nmail_path = ~/Maildir\nmail_inbox_path = ~/Maildir\n" in conf
            assert "\nmailbox_list_layout = fs\n" in conf


def test_apply_looks_for_mailboxes_at_both_ends_of_the_table() -> None:
    host = host_of(V2, SQLITE)
    query = texts(host)["folders.cf"].partition("\nquery = ")[2]
    names = [f"box{number:02}@ex.org" for number in range(60)]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE mailbox (username, maildir)")
        connection.executemany(
            "INSERT INTO mailbox VALUES (?, ?)", [(name, "x/") for name in names]
        )
        found = {line for (line,) in connection.execute(query)}
    assert found == {f"{name} x/ x/" for name in (*names[:25], *names[-25:])}
