"""importdatabase: another program's database, read after a question for its password."""

import sqlite3
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailboxes.models import Alias, Domain, Mailbox
from tests.conftest import PASSWORD

DATABASES = Path(__file__).resolve().parent.parent / "databases"
WEAK = "geheim"
VARIABLE = "SOURCE_DATABASE_PASSWORD"


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("importdatabase", *arguments, stdout=out)
    return out.getvalue()


def source(folder: Path, name: str, more: str = "") -> str:
    """Return the URL of a SQLite file with such a database."""
    path = folder / f"{name}.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript(f"{(DATABASES / f'{name}.sql').read_text()}; {more}")
    connection.close()
    return f"sqlite:///{path}"


def test_a_dry_run_names_what_is_refused_and_what_is_lost(tables: None, tmp_path: Path) -> None:
    printed = run(source(tmp_path, "mailcow"), "--dry-run")
    assert printed.startswith("Tables of: mailcow\nmailbox bob@example.org: It has no password yet")
    assert "\n4 mailboxes to add\n" in printed
    assert "\nNot imported:\n" in printed and printed.endswith("\nNothing was changed.\n")
    assert "  App passwords: 2 (anna@example.org, …)\n" in printed
    assert "  Aliases that discard mail or train the spam filter: 1 (no@example.org)\n" in printed
    assert "mailcow encrypts the mail" in printed and not Domain.objects.exists()


def test_an_import_is_repeated_without_changes_and_undone(tables: None, tmp_path: Path) -> None:
    url = source(tmp_path, "iredmail")
    before = (tmp_path / "iredmail.sqlite3").read_bytes()
    printed = run(url, "--yes")
    assert "2 mailboxes added\n" in printed and "1 alias domain added\n" in printed
    team = Alias.objects.get(pk="team@example.org")
    assert team.goto == "anna@example.org" and Mailbox.objects.get(pk="anna@example.org").active
    again = run(url, "--yes")
    assert "added" not in again and "\nNothing was changed.\n" in again
    assert (tmp_path / "iredmail.sqlite3").read_bytes() == before
    call_command("importmailboxes", printed.partition("importmailboxes ")[2].split("\n")[0])
    assert not any(table._default_manager.exists() for table in (Domain, Mailbox, Alias))


def test_clear_passwords_are_judged_and_hashed(tables: None, tmp_path: Path) -> None:
    more = f"""INSERT INTO users VALUES ('bob@example.org', '{PASSWORD}'),
      ('eve@example.org', '{WEAK}')"""
    url = source(tmp_path, "howto", more)
    out = StringIO()
    with pytest.raises(CommandError, match="1 row was refused; see above"):
        call_command("importdatabase", url, "--default-scheme=PLAIN", "--yes", stdout=out)
    bob = Mailbox.objects.get(pk="bob@example.org")
    assert bob.check_password(PASSWORD) and PASSWORD not in bob.password
    assert WEAK not in out.getvalue() and PASSWORD not in out.getvalue()


def test_a_quota_unit_replaces_the_programs_own(tables: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="4 rows were refused; see above"):
        run(source(tmp_path, "ispmail"), "--quota-unit=1M", "--yes")
    assert Mailbox.objects.get(pk="anna@example.org").quota == 1000 * 2**20


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mysql://reader:geheim@host/vmail"], "contains a password, which any user"),
        (["vmail"], "This URL can't be used. Enter mysql://user@host/database"),
        (["sqlite:////nowhere.sqlite3"], "The database file /nowhere.sqlite3 doesn't exist"),
        (["mysql://reader@host/vmail"], "Set SOURCE_DATABASE_PASSWORD in the environment"),
        (["mysql://reader@host/vmail", "--quota-unit=x"], "“x” is not a valid size"),
        (["vmail", "--product=exim"], "“exim” is not a product. Use one of: postfixadmin,"),
        (["vmail", "--default-scheme=MD6"], "“MD6” is not a scheme. Use one of: CRYPT,"),
        ([], "Missing argument: URL"),
    ],
)
def test_errors_are_sentences(
    tables: None, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO())
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)


def test_a_server_that_does_not_answer_is_named(
    tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, WEAK)
    with pytest.raises(CommandError, match="The database can't be used: Can't connect") as error:
        run("mysql://reader@127.0.0.1:1/vmail")
    assert WEAK not in str(error.value)
