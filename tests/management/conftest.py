"""Running manage.py in its own process, and commands on another mail database."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

ROOT = Path(__file__).resolve().parent.parent.parent


def manage(*arguments: str, folder: Path, stdin: str = "", **env: str) -> Any:
    """Run manage.py in its own process with SQLite files in the folder."""
    databases = {
        "DATABASE_URL": f"sqlite:///{folder}/panel.sqlite3",
        "MAIL_DATABASE_URL": f"sqlite:///{folder}/mail.sqlite3",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | databases | env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def run_sql(file: Path, sql: str = "") -> list[str]:
    """Run statements in a SQLite file; return everything that it contains afterwards."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(sql)
        return list(connection.iterdump())


@pytest.fixture
def empty_mail(tables: None, tmp_path: Path) -> Iterator[Path]:
    """The file of an empty mail database, which stands in for that of the tests."""
    ours = connections["mail"]
    other = ours.copy()
    other.settings_dict["NAME"] = str(tmp_path / "mail.sqlite3")
    connections["mail"] = other
    yield tmp_path / "mail.sqlite3"
    other.close()
    connections["mail"] = ours
