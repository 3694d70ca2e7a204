"""The tables on MariaDB: our own, and those created by PostfixAdmin."""

from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import CREATE_TABLES, newest_release
from tests.servers import MariaDB

pytestmark = pytest.mark.stack
DUMPS = Path(__file__).resolve().parent.parent / "postfixadmin"
DATABASE_TESTS = [
    *("admin", "views/test_password.py", "test_checks.py", "test_folding.py", "test_inserts.py"),
    "test_usage.py",
]
# The actions write to both databases, so they are tested where both are on MariaDB.
LOG_TESTS = ["actions", "audit", "views/test_log.py", "test_sign_in_log.py", "second_factor"]
# A password in an old scheme is accepted, then replaced in the host's scheme.
OLD_PASSWORD = """\
from mailboxes import actions
from mailboxes.conf import mail_host
from mailboxes.models import Mailbox
from mailboxes.access.scope import EVERYTHING
from mailboxes.audit.actors import COMMAND, Actor
TESTER = Actor(COMMAND, "tester", "", EVERYTHING)
scheme = mail_host().scheme
olga = actions.authenticate("olga@old.example", "password", scheme)
actions.change_password(TESTER, olga, "quite another password", scheme)
assert actions.authenticate("olga@old.example", "password", scheme) is None
actions.set_active(TESTER, Mailbox.objects.get(pk="olga@old.example"), False)
actions.delete_mailbox(TESTER, Mailbox.objects.get(pk="new@old.example"))
"""
OLGA = ["olga@old.example"]
PRINT_USAGE = f"""\
from mailboxes import usage
found = usage.find({OLGA})["{OLGA[0]}"]
print(found.bytes, found.messages, found.last_login.timestamp())
"""

ENV = {
    "ENV_FILE": "/dev/null",
    "SECRET_KEY": "only for tests, and long enough for Django's own check of it",
    "MAIL_HOSTNAME": "mail.example.test",
    "DATABASE_URL": "sqlite:////tmp/panel.sqlite3",
    "MAIL_DATABASE_URL": "mysql://panel:panel@127.0.0.1:3306/mail",
    "MAIL_LOOKUP_PASSWORD": "a",
    "MAIL_AUTH_PASSWORD": "b",
}


@pytest.fixture
def mariadb(machine: Machine) -> MariaDB:
    """A server with an empty database `mail` and the panel's account."""
    mariadb = MariaDB(machine)
    mariadb.query(
        "CREATE DATABASE mail; CREATE USER panel@localhost IDENTIFIED BY 'panel';"
        "GRANT ALL ON *.* TO panel@localhost;"
    )
    return mariadb


def pytest_in(machine: Machine, *files: Path) -> list[str | Path]:
    settings = machine.checkout / "pyproject.toml"
    command: list[str | Path] = [machine.python, "-m", "pytest", "-c", settings]
    return [*command, "-p", "no:cacheprovider", *files]


@pytest.mark.parametrize("machine", newest_release(), indirect=True)
def test_the_database_tests_pass_on_mariadb(machine: Machine, mariadb: MariaDB) -> None:
    files = [machine.checkout / "tests" / name for name in DATABASE_TESTS]
    done = machine.run(pytest_in(machine, *files), env=ENV, check=False, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


@pytest.mark.parametrize("machine", newest_release(), indirect=True)
def test_the_log_works_in_a_panel_database_on_mariadb(machine: Machine, mariadb: MariaDB) -> None:
    mariadb.query("CREATE DATABASE panel")
    environment = {**ENV, "DATABASE_URL": "mysql://panel:panel@127.0.0.1:3306/panel"}
    files = [machine.checkout / "tests" / name for name in LOG_TESTS]
    done = machine.run(pytest_in(machine, *files), env=environment, check=False, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_concurrent_commands_do_not_exceed_the_domains_limit(
    machine: Machine, mariadb: MariaDB
) -> None:
    manage = f"{machine.python} {machine.checkout / 'manage.py'}"
    create = f"{manage} createmailbox m$n@example.org --generate"
    script = f"for n in 1 2 3 4 5 6; do {create} >/tmp/$n 2>&1 & done; wait; cat /tmp/[1-6]"
    machine.run([*manage.split(), "shell", "-v0", "-c", CREATE_TABLES], env=ENV)
    machine.run([*manage.split(), "createdomain", "example.org", "--mailboxes", "3"], env=ENV)
    output = machine.run(["sh", "-c", script], env=ENV).stdout
    assert output.count("Created the mailbox") == 3
    assert output.count("has reached its mailbox limit (3)") == 3
    assert mariadb.query("SELECT COUNT(*) FROM alias", "mail").strip() == "3"


@pytest.mark.parametrize("dump", ["3.3.16", "4.0.5"])
def test_the_actions_work_on_tables_created_by_postfixadmin(
    machine: Machine, mariadb: MariaDB, dump: str
) -> None:
    mariadb.query((DUMPS / f"{dump}.sql").read_text(), "mail")
    for arguments, stdin in (
        (["migrate"], ""),
        (["createdomain", "new.example"], ""),
        (["createmailbox", "new@old.example", "--generate"], ""),
        (["createmailbox", "anna@new.example", "--password-stdin"], "four unrelated words"),
        (["shell", "-v0", "-c", OLD_PASSWORD], ""),
    ):
        manage: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
        machine.run([*manage, *arguments], env=ENV, input=stdin)
    output = mariadb.query(
        "SELECT username, LEFT(password, 10), active FROM mailbox ORDER BY 1;"
        "SELECT address, active FROM alias ORDER BY 1; SHOW TABLES",
        "mail",
    )
    assert [line.split("\t") for line in output.splitlines()] == [
        ["anna@new.example", "{CRAM-MD5}", "1"],
        ["olga@old.example", "{CRAM-MD5}", "0"],
        ["anna@new.example", "1"],
        ["olga@old.example", "0"],
        ["alias"],
        ["alias_domain"],
        ["domain"],
        ["mailbox"],
        ["quota2"],
    ]
    assert mariadb.query("SELECT * FROM quota2", "mail").split() == [*OLGA, "4096", "2"]


@pytest.mark.parametrize("dump", ["3.3.16", "4.0.5"])
def test_postfixadmins_usage_table_is_kept_and_the_other_one_is_created(
    machine: Machine, mariadb: MariaDB, dump: str
) -> None:
    mariadb.query((DUMPS / f"{dump}.sql").read_text(), "mail")
    mariadb.query("DROP TABLE domain, mailbox, alias, alias_domain", "mail")
    manage: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
    before = mariadb.query("SHOW CREATE TABLE quota2", "mail")
    machine.run([*manage, "migrate", "--database", "mail"], env=ENV)
    assert mariadb.query("SHOW CREATE TABLE quota2", "mail") == before
    mariadb.query("INSERT INTO last_login VALUES ('Olga@old.example', 'old.example', 99)", "mail")
    output = machine.run([*manage, "shell", "-v0", "-c", PRINT_USAGE], env=ENV).stdout
    assert output.split() == ["4096", "2", "99.0"]
