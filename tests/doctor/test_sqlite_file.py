"""An SQLite database without tables, and what gives it some again."""

import os
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.doctor import backups, sqlite_file
from mailboxes.doctor.examination import Examination

NO_TABLE = sqlite3.OperationalError("no such table: domain")


@pytest.mark.parametrize("size", [0, 4096])
def test_a_file_without_tables_is_restored_or_created_again(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    path = tmp_path / "mail.sqlite3"
    path.write_bytes(b" " * size)
    host = replace(examination.host, database=replace(examination.host.database, name=str(path)))
    monkeypatch.setattr(backups, "BACKUPS", tmp_path)
    found = sqlite_file.explain(host, NO_TABLE)
    assert (found.code, "0 bytes" in found.seen) == ("database.tables", not size)
    restart = " && systemctl restart dovecot postfix"
    assert found.remedy.command == f".venv/bin/python manage.py migrate --database mail{restart}"
    for name, age in (("new.tar.gz.age", 1), ("old.tar.gz", 2)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (age, 10 - age))
    newest = tmp_path / "new.tar.gz.age"
    command = sqlite_file.explain(host, NO_TABLE).remedy.command
    assert command == f".venv/bin/python manage.py restore --replace {newest}{restart}"


def test_other_errors_are_not_taken_for_that(examination: Examination) -> None:
    found = sqlite_file.explain(examination.host, sqlite3.OperationalError("disk I/O error"))
    assert found.code == "database.panel"


def test_a_database_that_another_program_has_put_into_wal_mode_is_put_back(
    examination: Examination, tmp_path: Path
) -> None:
    path = tmp_path / "mail.sqlite3"
    host = replace(examination.host, database=replace(examination.host.database, name=str(path)))
    locked = sqlite3.OperationalError("database is locked")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE domain (domain)")
        assert sqlite_file.explain(host, locked).code == "database.panel"
        connection.execute("PRAGMA journal_mode=WAL")
    found = sqlite_file.explain(host, locked)
    stop, code, start = found.remedy.command.split("; ", 2)[0], "python3 -c ", "systemctl start"
    assert (found.code, stop) == ("database.wal", "systemctl stop dovecot postfix")
    middle = code + found.remedy.command.partition(code)[2].partition(f"; {start}")[0]
    subprocess.run(["sh", "-c", middle], check=True)
    assert sqlite_file.explain(host, locked).code == "database.panel"
