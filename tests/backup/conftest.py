"""A panel whose databases are files, and a second one to restore into."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

ALIASES = ("default", "mail")
ENV = (
    "# The panel\nSECRET_KEY=only for tests, and long enough for Django's own check of it\n"
    "ALLOWED_HOSTS=panel.example.org\nMAIL_AUTH_PASSWORD=\nDATABASE_URL=sqlite:///var/panel.sqlite3\n"
)


@contextmanager
def using(folder: Path) -> Iterator[None]:
    """Let the files in this folder stand in for the databases of the tests."""
    ours: dict[str, BaseDatabaseWrapper] = {alias: connections[alias] for alias in ALIASES}
    for alias, connection in ours.items():
        connections[alias] = connection.copy()
        connections[alias].settings_dict["NAME"] = str(folder / f"{alias}.sqlite3")
    try:
        yield
    finally:
        for alias, connection in ours.items():
            connections[alias].close()
            connections[alias] = connection


@pytest.fixture
def migrated(tables: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of two databases with tables, as deploy/run leaves them; made only once."""
    folder = tmp_path_factory.getbasetemp() / "migrated"
    if not folder.exists():
        folder.mkdir()
        with using(folder):
            for alias in ALIASES:
                call_command("migrate", database=alias, verbosity=0)
            call_command("firstadmin", stdout=StringIO())
    return folder


@pytest.fixture
def panel(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the databases and the settings of the panel that the test uses."""
    folder = new_panel(tmp_path / "first", migrated)
    monkeypatch.setenv("ENV_FILE", str(folder / ".env"))
    with using(folder):
        yield folder


@pytest.fixture
def other(migrated: Path, tmp_path: Path) -> Path:
    """The folder of a panel that was set up just now, to be entered with `using`."""
    return new_panel(tmp_path / "second", migrated)


def new_panel(folder: Path, migrated: Path) -> Path:
    shutil.copytree(migrated, folder)
    (folder / ".env").write_text(ENV)
    return folder


def run(command: str, *arguments: str | Path) -> str:
    output = StringIO()
    call_command(command, *map(str, arguments), stdout=output, stderr=output)
    return output.getvalue()


def dump(folder: Path) -> dict[str, set[str]]:
    """Return everything in both databases, apart from when they were migrated."""
    return {alias: dump_file(folder / f"{alias}.sqlite3") for alias in ALIASES}


def dump_file(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {line for line in connection.iterdump() if "django_migrations" not in line}


def rows(folder: Path, alias: str, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / f"{alias}.sqlite3")) as connection, connection:
        return connection.execute(sql).fetchall()
