"""Without the database: nothing is half-written, errors are one sentence, services recover."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.error import HTTPError

import pytest

from tests import mail_clients
from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, DOMAIN, MailHost, Person, hosts
from tests.servers import MariaDB

pytestmark = pytest.mark.stack

EVA = Person(f"eva@{DOMAIN}", "four words that Eva knows")
FIRST_ONE_DEAD = "127.0.0.1:3399,127.0.0.1"
# Dovecot 2.3 has one port for all hosts.
ON_ONE_PORT = "unix:/run/dead.sock,127.0.0.1"
SLOW_ALIAS = "CREATE TRIGGER slow BEFORE INSERT ON alias FOR EACH ROW DO SLEEP(60)"
INSERTING = "SELECT 1 FROM information_schema.processlist WHERE state = 'User sleep'"
# For longer than the panel waits for an answer.
LOCK = "(echo 'LOCK TABLES mailbox WRITE; DO SLEEP(15);' | mariadb mail >/dev/null 2>&1 &)"
BOTH_ROWS = (
    f"SELECT username FROM mailbox WHERE username = '{EVA.address}'"
    f" UNION ALL SELECT address FROM alias WHERE address = '{EVA.address}'"
)


@pytest.fixture
def database(host: MailHost) -> Iterator[MariaDB]:
    """The database server, which is started again afterwards."""
    host.configure()
    yield host.mariadb
    if not host.machine.listens(3306):
        host.mariadb.start()
    recover(host)


def recover(host: MailHost) -> None:
    """Make Postfix retry the database, which it would otherwise only do after a minute."""
    host.machine.run(["postfix", "reload"])
    wait_until(lambda: recipient_code(host) == 250, "Postfix looks addresses up again")


def recipient_code(host: MailHost) -> int:
    """Return the reply code of port 25 to another mail server with mail for Bob."""
    with mail_clients.connect(host.machine) as smtp:
        smtp.mail("someone@elsewhere.example")
        return smtp.rcpt(BOB.address)[0]


def assert_one_sentence(stderr: str) -> None:
    assert stderr.count("\n") == 1, stderr
    assert stderr.endswith(".\n") or stderr.endswith(")\n"), stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("host", hosts(variant="v2", database="mariadb"), indirect=True)
def test_a_database_killed_in_the_middle_leaves_neither_mailbox_nor_alias(
    host: MailHost, database: MariaDB
) -> None:
    database.query(SLOW_ALIAS, "mail")
    with ThreadPoolExecutor() as pool:
        command = ("createmailbox", EVA.address, "--password-stdin")
        creating = pool.submit(host.manage, *command, input=EVA.password, check=False)
        wait_until(lambda: database.query(INSERTING), "the alias is being inserted")
        database.stop(signal.SIGKILL)
        done = creating.result(30)
    assert done.returncode == 1
    assert_one_sentence(done.stderr)
    database.start()
    database.query("DROP TRIGGER slow", "mail")
    assert database.query(BOTH_ROWS, "mail") == ""
    assert host.signs_in(host.create(EVA))


@pytest.mark.parametrize("host", hosts(variant="v1"), indirect=True)
@pytest.mark.parametrize(
    "command",
    [("createdomain", "new.test"), ("createmailbox", f"new@{DOMAIN}", "--generate")],
    ids=" ".join,
)
def test_a_command_without_its_database_says_so_in_one_sentence(
    host: MailHost, database: MariaDB, command: tuple[str, ...]
) -> None:
    database.stop()
    done = host.manage(*command, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert_one_sentence(done.stderr)


@pytest.mark.parametrize("host", hosts(variant="v2", database="mariadb"), indirect=True)
def test_the_panel_says_that_the_database_is_unavailable(host: MailHost, database: MariaDB) -> None:
    mistaken = Person(ANNA.address, "not Anna's password")
    assert host.change_password(mistaken, EVA.password) == "/password/"
    panel = host.serve()
    assert panel.health() == 200
    host.machine.run(["sh", "-c", LOCK])
    wait_until(lambda: panel.health() == 503, "the panel gives up a database that hangs")
    wait_until(lambda: panel.health() == 200, "the panel notices that it goes on", 40)
    database.stop()
    wait_until(lambda: panel.health() == 503, "the panel notices that it has stopped")
    with pytest.raises(HTTPError) as refused:
        host.change_password(mistaken, EVA.password)
    assert refused.value.code == 503
    assert "Check before you submit them again" in refused.value.read().decode()


@pytest.mark.parametrize("host", hosts(database="mariadb"), indirect=True)
def test_signing_in_fails_without_the_database_and_recovers(
    host: MailHost, database: MariaDB
) -> None:
    assert host.smtp_code(ANNA) == 235
    database.stop()
    assert host.smtp_code(ANNA) in (454, 535)
    database.start()
    wait_until(lambda: host.smtp_code(ANNA) == 235, "Anna signs in again", 40)
    recover(host)
    host.await_mail(BOB, host.send(ANNA, BOB.address))


@pytest.mark.parametrize("host", hosts(variant="v1"), indirect=True)
def test_other_servers_get_a_temporary_error(host: MailHost, database: MariaDB) -> None:
    assert recipient_code(host) == 250
    database.stop()
    assert recipient_code(host) == 451
    database.start()
    recover(host)


@pytest.mark.parametrize("host", hosts(database="mariadb"), indirect=True)
def test_a_dead_database_host_is_skipped_and_named_by_apply(host: MailHost) -> None:
    one_port = host.env["MAIL_VARIANT"] == "v2" and host.release.one_port
    host.applied = None
    host.export(MAIL_DB_HOSTS=ON_ONE_PORT if one_port else FIRST_ONE_DEAD)
    host.grant()
    done = host.apply(check=False)
    assert done.returncode == 2
    dead = "/run/dead.sock" if one_port else "127.0.0.1:3399"
    assert f"The database on {dead} can't be used" in done.stderr
    assert done.stderr.count("The database on") == 1
    host.await_services()
    host.sql("DELETE FROM last_login")
    assert_everything_works(host)
    if host.variant == "v2":
        recorded = partial(host.mariadb.query, "SELECT * FROM last_login", "mail")
        wait_until(recorded, "the sign-in is recorded", 40)


@pytest.mark.parametrize("host", hosts(database="mariadb"), indirect=True)
def test_the_database_can_be_reached_through_its_socket(host: MailHost) -> None:
    host.configure(MAIL_DB_HOSTS="localhost")
    assert_everything_works(host)


def assert_everything_works(host: MailHost) -> None:
    assert host.signs_in(ANNA) and not host.signs_in(Person(ANNA.address, BOB.password))
    host.await_mail(BOB, host.send(ANNA, BOB.address))
