"""verifylog and prunelog in a process of their own, also on a log that was changed."""

import json
import shutil
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from mailboxes.audit.log import log_event
from mailboxes.audit.models import Entry
from tests.conftest import TESTER
from tests.management.conftest import manage


def test_the_log_is_verified_and_archived(folder: Path, tmp_path: Path) -> None:
    done = manage("verifylog", folder=folder)
    assert done.returncode == 0 and "The log is intact. Its last entry is" in done.stdout
    archive = tmp_path / "old.jsonl"
    done = manage("prunelog", "--before", "2100-01-01", "--to", str(archive), folder=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(archive.read_text().splitlines()[0])["seq"] == 1
    assert manage("verifylog", folder=folder).returncode == 0
    again = manage("prunelog", "--before", "tomorrow", "--to", str(archive), folder=folder)
    assert again.returncode == 1 and "is not a valid date" in again.stderr


def test_an_empty_log_is_intact_and_nothing_is_archived(tables: None, tmp_path: Path) -> None:
    out, archive = StringIO(), tmp_path / "old.jsonl"
    call_command("verifylog", stdout=out)
    assert out.getvalue() == "The log is intact. It has no entries yet.\n"
    out = StringIO()
    call_command("prunelog", "--before", "2026-01-31", "--to", str(archive), stdout=out)
    assert out.getvalue() == (
        "Nothing to archive: no finished action was logged before 2026-01-31.\n"
    )
    assert not archive.exists() and not Entry.objects.exists()


def test_a_single_entry_is_archived_in_the_singular(tables: None, tmp_path: Path) -> None:
    log_event(TESTER, "log.download")
    out, archive = StringIO(), tmp_path / "old.jsonl"
    call_command("prunelog", "--before", "2100-01-01", "--to", str(archive), stdout=out)
    assert out.getvalue() == f"Archived 1 entry in {archive}.\n"
    assert Entry.objects.get().text == "1 entry"


def test_tampering_ends_with_status_1(folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(folder, tmp_path / "copy")
    assert manage("createdomain", "tampered.example", folder=folder).returncode == 0
    [database] = folder.glob("*panel*")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE audit_entry SET actor = 'x' WHERE action = 'domain.create'")
    done = manage("verifylog", folder=folder)
    assert done.returncode == 1 and "was changed" in done.stderr
    archive = folder / "old.jsonl"
    done = manage("prunelog", "--before", "2100-01-01", "--to", str(archive), folder=folder)
    assert done.returncode == 1 and "evidence" in done.stderr and not archive.exists()
