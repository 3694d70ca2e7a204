"""manage.py exportmailboxes"""

import csv
import os
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.models import Mailbox
from tests.conftest import TESTER, logged


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("exportmailboxes", *arguments, stdout=output)
    return output.getvalue()


def test_the_file_is_only_for_its_owner(anna: Mailbox, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    os.umask(os.umask(0))
    assert run("--hashes", str(path)) == f"Wrote {path}.\n"
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert [row["type"] for row in rows] == ["domain", "mailbox"]
    assert rows[1]["hash"] == anna.password
    assert len(logged("mailbox.download-hashes")) == 1


def test_a_hyphen_writes_to_standard_output(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    lines = run("--domain", "EXAMPLE.net", "-").splitlines()
    assert len(lines) == 2 and lines[1].startswith("domain,example.net,")
    assert anna.password not in run("-")


def test_an_existing_file_is_kept(anna: Mailbox, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    path.write_text("precious")
    with pytest.raises(CommandError, match="can't be created: File exists"):
        run(str(path))
    assert path.read_text() == "precious"


def test_an_unknown_domain_is_refused(tables: None) -> None:
    with pytest.raises(CommandError, match="example.edu is not a domain of this host"):
        run("--domain", "example.edu", "-")


def test_nothing_is_left_of_a_file_that_could_not_be_completed(anna: Mailbox) -> None:
    with pytest.raises(CommandError, match="/dev/full/x can't be created"):
        run("/dev/full/x")
