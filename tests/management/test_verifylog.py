"""verifylog and prunelog, also on a log that was changed."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailboxes.audit.log import log_event
from mailboxes.audit.models import Entry
from mailboxes.models import Domain
from tests.conftest import TESTER

pytestmark = pytest.mark.logged_fixtures


def verified() -> str:
    out = StringIO()
    call_command("verifylog", stdout=out)
    return out.getvalue()


def test_the_log_is_verified_and_archived(domain: Domain, tmp_path: Path) -> None:
    assert verified().startswith("The log is intact. Its last entry is")
    archive = tmp_path / "old.jsonl"
    call_command("prunelog", "--before", "2100-01-01", "--to", str(archive), stdout=StringIO())
    assert json.loads(archive.read_text().splitlines()[0])["seq"] == 1
    assert verified().startswith("The log is intact. Its last entry is")
    with pytest.raises(CommandError, match="is not a valid date"):
        call_command("prunelog", "--before", "tomorrow", "--to", str(archive))


def test_an_empty_log_is_intact_and_nothing_is_archived(tables: None, tmp_path: Path) -> None:
    assert verified() == "The log is intact. It has no entries yet.\n"
    out, archive = StringIO(), tmp_path / "old.jsonl"
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


def test_tampering_ends_with_status_1(domain: Domain, tmp_path: Path) -> None:
    Entry.objects.filter(action="domain.create").update(actor="x")
    with pytest.raises(CommandError, match="was changed") as refused:
        call_command("verifylog")
    assert refused.value.returncode == 1
    archive = tmp_path / "old.jsonl"
    with pytest.raises(CommandError, match="evidence"):
        call_command("prunelog", "--before", "2100-01-01", "--to", str(archive))
    assert not archive.exists()
