"""Running manage.py in its own process, with its databases in a folder."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a mail database that contains example.org."""
    folder = tmp_path_factory.mktemp("databases")
    assert manage("migrate", folder=folder).returncode == 0
    assert manage("migrate", "--database", "mail", folder=folder).returncode == 0
    assert (
        manage("createdomain", "example.org", "--maxquota", "100M", folder=folder).returncode == 0
    )
    return folder
