"""Actions at the same time on a real MariaDB: nothing is left half-done, whoever comes first."""

from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import ON_MARIADB
from tests.servers import MariaDB

pytestmark = pytest.mark.stack
ENV = {
    "SECRET_KEY": "only for tests, and long enough for Django's own check of it",
    "MAIL_HOSTNAME": "mail.example.org",
    "PYTHONPATH": str(Machine.checkout),
    **ON_MARIADB,
}
# Without the locks, each of the three failed within the first three rounds.
ROUNDS = 20


@pytest.fixture
def mariadb(machine: Machine) -> MariaDB:
    """A server with the panel's two databases and its account."""
    mariadb = MariaDB(machine)
    mariadb.query(
        "CREATE DATABASE panel CHARACTER SET utf8mb4; CREATE DATABASE mail;"
        "CREATE USER panel@localhost IDENTIFIED BY 'panel';"
        "GRANT ALL ON panel.* TO panel@localhost; GRANT ALL ON mail.* TO panel@localhost;"
    )
    for arguments in ([], ["--database", "mail"]):
        manage: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
        machine.run([*manage, "migrate", *arguments], env=ENV)
    return mariadb


def race(machine: Machine, name: str) -> str:
    """Return what the rounds of `racing` have left inconsistent."""
    script: list[str | Path] = [machine.python, machine.checkout / "tests/racing.py"]
    return machine.run([*script, name, str(ROUNDS)], env=ENV).stdout


@pytest.mark.finding("orphans")
def test_deleting_a_domain_beside_creations_in_it_leaves_no_orphans(
    machine: Machine, mariadb: MariaDB
) -> None:
    assert race(machine, "orphans") == ""


@pytest.mark.finding("alias-domain-race")
def test_alias_domains_created_at_the_same_time_form_no_chain(
    machine: Machine, mariadb: MariaDB
) -> None:
    assert race(machine, "loops") == ""


def test_an_address_is_taken_once_and_ends_in_no_deadlock(
    machine: Machine, mariadb: MariaDB
) -> None:
    assert race(machine, "addresses") == ""


@pytest.mark.finding("lost-update")
def test_of_forms_saved_at_the_same_time_only_one_is_saved(
    machine: Machine, mariadb: MariaDB
) -> None:
    assert race(machine, "edits") == ""
