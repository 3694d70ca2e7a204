"""Actions at the same time on a real MariaDB: nothing is half-done, in whatever order they come."""

from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import PANEL_ENV, newest_release
from tests.servers import MariaDB

pytestmark = [
    pytest.mark.stack,
    pytest.mark.parametrize("machine", newest_release(), indirect=True),
]
# Without the locks, each failed within the first three rounds.
ROUNDS = 20


def race(machine: Machine, name: str, rounds: int = ROUNDS) -> str:
    """Return what the rounds of `racing` have left inconsistent."""
    script: list[str | Path] = [machine.python, machine.checkout / "tests/racing.py"]
    return machine.run([*script, name, str(rounds)], env=PANEL_ENV).stdout


@pytest.mark.finding("orphans")
def test_deleting_a_domain_while_rows_are_created_in_it_leaves_no_orphans(
    machine: Machine, tables: MariaDB
) -> None:
    assert race(machine, "orphans") == ""


@pytest.mark.finding("alias-domain-race")
def test_what_is_created_at_the_same_time_in_different_domains_forms_no_chain_and_no_loop(
    machine: Machine, tables: MariaDB
) -> None:
    assert race(machine, "loops") == ""
    assert race(machine, "forwarding", 3) == ""


def test_an_address_is_taken_only_once_and_without_a_deadlock(
    machine: Machine, tables: MariaDB
) -> None:
    assert race(machine, "addresses") == ""


@pytest.mark.finding("lost-update")
def test_only_one_of_the_forms_submitted_at_the_same_time_is_saved(
    machine: Machine, tables: MariaDB
) -> None:
    assert race(machine, "edits") == ""


def test_superusers_who_delete_and_demote_each_other_leave_one(
    machine: Machine, tables: MariaDB
) -> None:
    assert race(machine, "superusers") == ""
