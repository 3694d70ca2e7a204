"""adopt on SQLite."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.management.conftest import manage, run_sql


def test_the_panels_own_tables_are_not_adopted(empty_mail: Path) -> None:
    call_command("migrate", "--database", "mail", stdout=StringIO())
    before, out = run_sql(empty_mail), StringIO()
    with pytest.raises(CommandError, match=r"^These tables can't be adopted\.$"):
        call_command("adopt", stdout=out)
    assert out.getvalue() == (
        "Tables of: mailadmin\n\nWhy these tables can't be adopted\n"
        "  The panel created these tables itself, so there is nothing to adopt.\n"
    )
    assert run_sql(empty_mail) == before


def test_an_empty_database_is_not_adopted(tmp_path: Path) -> None:
    done = manage("adopt", "--json", folder=tmp_path)
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["usable"] is False
    assert done.stderr == "CommandError: These tables can't be adopted.\n"
    assert [refusal["code"] for refusal in report["refusals"]] == ["empty"]
