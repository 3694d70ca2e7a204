"""The limits on attempts to sign in, on MariaDB, on a full disk and on a read-only server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import CREATE_TABLES
from tests.servers import MariaDB
from tests.throttle.bursts import BURST, GUESSES

pytestmark = pytest.mark.stack

ENV = {
    "ENV_FILE": "/dev/null",
    "SECRET_KEY": "only for tests, and long enough for Django's own check of it",
    "MAIL_HOSTNAME": "mail.example.test",
    "DATABASE_URL": "mysql://panel:panel@127.0.0.1:3306/panel",
    "MAIL_DATABASE_URL": "mysql://panel:panel@127.0.0.1:3306/mail",
    "MAIL_LOOKUP_PASSWORD": "a",
    "MAIL_AUTH_PASSWORD": "b",
}
FULL = "/srv/full"
ON_SQLITE = {
    "DATABASE_URL": f"sqlite:///{FULL}/panel.sqlite3",
    "MAIL_DATABASE_URL": "sqlite:////srv/mail.sqlite3",
}
PASSWORD = "four unrelated words"
Manage = Callable[..., str]


def manage_in(machine: Machine, env: dict[str, str]) -> Manage:
    """Return a function that runs manage.py, with tables and Anna's mailbox."""

    def manage(*arguments: str, input: str = "") -> str:
        command: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
        return machine.run([*command, *arguments], env=env, input=input).stdout

    manage("shell", "-v0", "-c", CREATE_TABLES)
    manage("createdomain", "example.org")
    manage("createmailbox", "anna@example.org", "--password-stdin", input=PASSWORD)
    return manage


@pytest.fixture
def mariadb(machine: Machine) -> MariaDB:
    mariadb = MariaDB(machine)
    mariadb.query(
        "CREATE DATABASE mail; CREATE DATABASE panel;"
        "CREATE USER panel@localhost IDENTIFIED BY 'panel';"
        "GRANT ALL ON panel.* TO panel@localhost; GRANT ALL ON mail.* TO panel@localhost;"
    )
    return mariadb


@pytest.mark.finding("burst")
def test_exactly_five_of_twenty_guesses_at_once_are_checked_on_mariadb(
    machine: Machine, mariadb: MariaDB
) -> None:
    manage = manage_in(machine, ENV)
    assert manage("shell", "-v0", "-c", BURST).split() == ["5"] * 3


@pytest.mark.finding("fail-open")
def test_nobody_is_let_in_while_mariadb_is_read_only(machine: Machine, mariadb: MariaDB) -> None:
    manage = manage_in(machine, ENV)
    mariadb.query("SET GLOBAL read_only = 1")
    assert manage("shell", "-v0", "-c", GUESSES).split() == ["503"] * 6
    mariadb.query("SET GLOBAL read_only = 0")
    assert manage("shell", "-v0", "-c", GUESSES).split() == ["200", "302", *["200"] * 4]


@pytest.mark.finding("fail-open")
def test_nobody_is_let_in_while_the_disk_of_sqlite_is_full(machine: Machine) -> None:
    machine.run(["mkdir", FULL])
    machine.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", FULL])
    manage = manage_in(machine, {**ENV, **ON_SQLITE})
    machine.run(["sh", "-c", f"cat /dev/zero > {FULL}/rest"], check=False)
    assert manage("shell", "-v0", "-c", GUESSES).split() == ["503"] * 6
    machine.run(["rm", f"{FULL}/rest"])
    assert manage("shell", "-v0", "-c", GUESSES).split() == ["200", "302", *["200"] * 4]
