"""migrate and flush leave the tables of other programs alone."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from mailboxes.lookup_tables import tables as lookup_tables
from tests.management.conftest import manage, run_sql

FAKED = "migrate --fake --database mail mailboxes 0001"
THEIRS = {
    "postfixadmin": "CREATE TABLE domain (domain varchar(255) PRIMARY KEY, created datetime);"
    "CREATE TABLE mailbox (username varchar(255) PRIMARY KEY, created datetime);",
    "a view": "CREATE VIEW domain AS SELECT 'example.org' AS domain;",
    "ispmail": "CREATE TABLE virtual_users (id integer PRIMARY KEY, email varchar(100));",
    "faked": "CREATE TABLE alias (address varchar(255) PRIMARY KEY);"
    "CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(255), name varchar(255),"
    " applied datetime);"
    "INSERT INTO django_migrations VALUES (1, 'mailboxes', '0001_tables', '2026-01-01');",
}


@pytest.mark.parametrize(
    ("theirs", "line"),
    [
        *((theirs, "migrate --database mail") for theirs in THEIRS),
        ("postfixadmin", FAKED),
        ("faked", "migrate --database mail mailboxes zero"),
    ],
)
def test_nothing_is_migrated_in_a_database_of_another_program(
    empty_mail: Path, theirs: str, line: str
) -> None:
    before, out = run_sql(empty_mail, THEIRS[theirs]), StringIO()
    with pytest.raises(CommandError) as refused:
        call_command(*line.split(), stdout=out)
    assert str(refused.value).startswith("Nothing was migrated: the mail database contains")
    assert str(refused.value).endswith("manage.py adopt") and out.getvalue() == ""
    assert run_sql(empty_mail) == before


def test_nothing_is_migrated_there_before_the_panel_has_tables(tmp_path: Path) -> None:
    before = run_sql(tmp_path / "mail.sqlite3", THEIRS["postfixadmin"])
    done = manage("migrate", "--database", "mail", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CommandError: Nothing was migrated: the mail database contains")
    assert done.stderr.endswith("manage.py adopt\n") and done.stderr.count("\n") == 1
    assert run_sql(tmp_path / "mail.sqlite3") == before


def test_the_panels_own_tables_are_created_and_removed(empty_mail: Path) -> None:
    run_sql(empty_mail, "CREATE TABLE quota2 (username varchar(100) PRIMARY KEY, bytes bigint);")
    for line in ("migrate", "migrate mailboxes zero", "migrate"):
        call_command(*line.split(), "--database", "mail", stdout=StringIO())
        is_there = any('CREATE TABLE "mailbox"' in line for line in run_sql(empty_mail))
        assert is_there == ("zero" not in line)


def test_a_migration_replaces_the_triggers_and_fills_their_tables_anew(empty_mail: Path) -> None:
    call_command("migrate", "mailboxes", "0005", "--database", "mail", stdout=StringIO())
    name = "INSERT INTO mailbox (username, password, name, maildir, local_part, domain) VALUES "
    for key in ("a", "b"):
        run_sql(empty_mail, f"{name} ('{key}@x.org', '', 'Hürlimann', '', '{key}', 'x.org')")
        call_command("migrate", "--database", "mail", stdout=StringIO())
        word = f"INSERT INTO \"lookup_word\" VALUES('mailbox','Hurlimann','x.org','{key}@x.org');"
        assert word in run_sql(empty_mail)


def test_it_is_said_if_the_account_could_not_create_the_triggers(empty_mail: Path) -> None:
    def migrated(*more: str) -> str:
        out = StringIO()
        call_command("migrate", "--database", "mail", *more, stdout=out)
        return out.getvalue()

    assert "TRIGGER" not in migrated()
    lookup_tables.drop(connections["mail"])
    assert "Warning: The database doesn't allow" in migrated() and "TRIGGER" in migrated()
    assert migrated().endswith("manage.py rebuildlookups\n")
    assert "TRIGGER" not in migrated("--plan") + migrated("mailboxes", "zero") + migrated()


def test_the_tables_of_another_program_are_not_emptied(empty_mail: Path) -> None:
    before, out = run_sql(empty_mail, THEIRS["postfixadmin"]), StringIO()
    with pytest.raises(CommandError, match="^Nothing was deleted: the mail database contains"):
        call_command("flush", "--noinput", "--database", "mail", stdout=out)
    assert out.getvalue() == "" and run_sql(empty_mail) == before


def test_the_panels_own_tables_can_be_emptied(empty_mail: Path) -> None:
    call_command("migrate", "--database", "mail", stdout=StringIO())
    run_sql(empty_mail, "INSERT INTO quota2 (username, bytes, messages) VALUES ('a@b', 1, 1)")
    run_sql(empty_mail, "INSERT INTO alias (address, goto, domain) VALUES ('a@b', 'c@d', 'b')")
    call_command("flush", "--noinput", "--database", "mail")
    kept = ('INSERT INTO "quota2"', 'INSERT INTO "lookup_')
    assert not [line for line in run_sql(empty_mail) if line.startswith(kept)]
