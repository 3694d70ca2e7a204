"""Databases made by other programs are not migrated on MariaDB."""

import gzip
from itertools import cycle, product
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import CREATE_DATABASES, PANEL_ENV, newest_release
from tests.servers import MariaDB

pytestmark = [
    pytest.mark.stack,
    pytest.mark.parametrize("machine", newest_release(), indirect=True),
]
DATABASES = Path(__file__).resolve().parent.parent / "databases"
LINES = (
    "migrate --database mail",
    "migrate --database mail mailboxes zero",
    "migrate --fake --database mail mailboxes 0001",
)
# What `migrate --fake` of an earlier version has left behind.
FAKED = """
CREATE TABLE django_migrations (id bigint AUTO_INCREMENT PRIMARY KEY, app varchar(255) NOT NULL,
name varchar(255) NOT NULL, applied datetime(6) NOT NULL);
INSERT INTO django_migrations (app, name, applied) VALUES ('mailboxes', '0001_tables', NOW());
"""


@pytest.fixture
def mariadb(machine: Machine) -> MariaDB:
    mariadb = MariaDB(machine)
    mariadb.query(CREATE_DATABASES)
    return mariadb


def read_dump(name: str) -> str:
    return gzip.decompress((DATABASES / f"{name}.sql.gz").read_bytes()).decode()


def dump(machine: Machine) -> str:
    return machine.run(["mariadb-dump", "--skip-dump-date", "mail"]).stdout


def test_databases_of_other_programs_are_not_migrated(machine: Machine, mariadb: MariaDB) -> None:
    """What is refused doesn't depend on the tables: each database gets the next of the lines."""
    manage: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
    names = sorted(path.name.partition(".")[0] for path in DATABASES.glob("*.sql.gz"))
    for (name, left_behind), line in zip(product(names, ("", FAKED)), cycle(LINES)):
        mariadb.query("DROP DATABASE mail; CREATE DATABASE mail")
        mariadb.query(read_dump(name) + left_behind, "mail")
        before = dump(machine)
        done = machine.run([*manage, *line.split()], env=PANEL_ENV, check=False)
        assert done.returncode == 1 and done.stderr.endswith("manage.py adopt\n"), (name, line)
        assert dump(machine) == before


def test_the_panels_own_tables_are_migrated_back(machine: Machine, tables: MariaDB) -> None:
    manage: list[str | Path] = [machine.python, machine.checkout / "manage.py", "migrate"]
    for target in ([], ["mailboxes", "zero"], []):
        machine.run([*manage, "--database", "mail", *target], env=PANEL_ENV)
        assert ("mailbox\n" in tables.query("SHOW TABLES", "mail")) == (not target)
