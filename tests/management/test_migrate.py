"""migrate and flush leave the tables of other programs alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.management.conftest import manage

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


def run_sql(file: Path, sql: str) -> list[str]:
    """Run statements in a SQLite file; return everything that it contains afterwards."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(sql)
        return list(connection.iterdump())


@pytest.mark.parametrize(
    ("theirs", "line"),
    [
        *((theirs, "migrate --database mail") for theirs in THEIRS),
        ("postfixadmin", FAKED),
        ("faked", "migrate --database mail mailboxes zero"),
    ],
)
def test_nothing_is_migrated_in_a_database_of_another_program(
    tmp_path: Path, theirs: str, line: str
) -> None:
    file = tmp_path / "mail.sqlite3"
    before = run_sql(file, THEIRS[theirs])
    done = manage(*line.split(), folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CommandError: Nothing was migrated: the mail database contains")
    assert done.stderr.endswith("manage.py adopt\n") and done.stderr.count("\n") == 1
    assert run_sql(file, "") == before


def test_the_panels_own_tables_are_created_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "mail.sqlite3"
    run_sql(file, "CREATE TABLE quota2 (username varchar(100) PRIMARY KEY, bytes bigint);")
    for line in ("migrate", "migrate mailboxes zero", "migrate"):
        done = manage(*line.split(), "--database", "mail", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        is_there = any('CREATE TABLE "mailbox"' in line for line in run_sql(file, ""))
        assert is_there == ("zero" not in line)


def test_the_tables_of_another_program_are_not_emptied(tmp_path: Path) -> None:
    file = tmp_path / "mail.sqlite3"
    before = run_sql(file, THEIRS["postfixadmin"])
    done = manage("flush", "--noinput", "--database", "mail", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("CommandError: Nothing was deleted: the mail database contains")
    assert run_sql(file, "") == before


def test_the_panels_own_tables_can_be_emptied(tmp_path: Path) -> None:
    file = tmp_path / "mail.sqlite3"
    assert manage("migrate", "--database", "mail", folder=tmp_path).returncode == 0
    run_sql(file, "INSERT INTO quota2 (username, bytes, messages) VALUES ('a@b', 1, 1)")
    assert manage("flush", "--noinput", "--database", "mail", folder=tmp_path).returncode == 0
    assert not any('INSERT INTO "quota2"' in line for line in run_sql(file, ""))
