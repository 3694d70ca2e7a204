"""adopt in a process of its own, on SQLite."""

import json
from pathlib import Path

from tests.management.conftest import manage


def test_the_panels_own_tables_are_not_adopted(folder: Path) -> None:
    before = (folder / "mail.sqlite3").read_bytes()
    done = manage("adopt", folder=folder)
    assert done.returncode == 1
    assert done.stderr == "CommandError: These tables can't be adopted.\n"
    assert done.stdout == (
        "Tables of: mailadmin\n\nWhy these tables can't be adopted\n"
        "  The panel created these tables itself, so there is nothing to adopt.\n"
    )
    assert (folder / "mail.sqlite3").read_bytes() == before


def test_an_empty_database_is_not_adopted(tmp_path: Path) -> None:
    done = manage("adopt", "--json", folder=tmp_path)
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["usable"] is False
    assert [refusal["code"] for refusal in report["refusals"]] == ["empty"]
