"""What Dovecot records in the mail database: the usage of mailboxes and the last sign-ins."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests import mail_clients
from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, DOMAIN, MailHost, Person, hosts

pytestmark = [
    pytest.mark.stack,
    pytest.mark.parametrize("host", hosts(variant="v2", database="mariadb"), indirect=True),
]

USAGE = "SELECT bytes, messages FROM quota2 WHERE username = '{}'"
SOCKET = "/run/dovecot/dict"
LAST_LOGIN = "SELECT domain, last_login FROM last_login WHERE username = '{}'"


def row(mail: MailHost, query: str, person: Person) -> list[str]:
    """Return the row of a person; an empty list if there is none."""
    return mail.mariadb.query(query.format(person.address.replace("'", "''")), "mail").split()


def await_usage(mail: MailHost, person: Person, messages: int) -> int:
    """Wait until the table has this number of messages; return their bytes."""

    def found() -> bool:
        return row(mail, USAGE, person)[1:] == [str(messages)]

    wait_until(found, f"the table counts {messages} messages of {person.address}")
    return int(row(mail, USAGE, person)[0])


def deliver(mail: MailHost, person: Person, text: str = "Hello.") -> None:
    """Send mail from outside, by which nobody signs in."""
    with mail_clients.connect(mail.machine) as smtp:
        smtp.sendmail("someone@elsewhere.example", [person.address], f"Subject: x\n\n{text}\n")


def sizes(mail: MailHost, person: Person, *, delete: bool = False) -> list[int]:
    """Return the size of each mail in the inbox, as IMAP says it; delete the first if asked."""
    session = mail_clients.imap(mail.machine)
    assert mail_clients.imap_auth(session, "PLAIN", person.address, person.password)
    session.select()
    _, found = session.fetch("1:*", "(RFC822.SIZE)")
    if delete:
        session.store("1", "+FLAGS", r"\Deleted")
        session.expunge()
    session.logout()
    return [int(line.rpartition(b" ")[2].rstrip(b")")) for line in found if isinstance(line, bytes)]


@pytest.mark.parametrize("name", ["carla", "d'arc+x=y&z~"])
def test_the_usage_of_a_mailbox_is_recorded(mail: MailHost, name: str) -> None:
    carla = mail.create(Person(f"{name}@{DOMAIN}", "four words that Carla knows"))
    assert not row(mail, USAGE, carla)
    deliver(mail, carla, "x" * 3000)
    first = await_usage(mail, carla, 1)
    assert first > 3000
    deliver(mail, carla)
    both = await_usage(mail, carla, 2)
    assert both == sum(sizes(mail, carla, delete=True))
    assert await_usage(mail, carla, 1) == both - first == sum(sizes(mail, carla))


@pytest.mark.parametrize("name", ["emil", "f'o+x=y&z~"])
def test_the_last_sign_in_by_imap_is_recorded(mail: MailHost, name: str) -> None:
    emil = mail.create(Person(f"{name}@{DOMAIN}", "four words that Emil knows"))
    deliver(mail, emil)
    await_usage(mail, emil, 1)
    assert mail.smtp_code(emil) == 235
    assert not mail.signs_in(Person(emil.address, BOB.password))
    time.sleep(1)
    assert not row(mail, LAST_LOGIN, emil)
    before = int(time.time())
    assert mail_clients.imap_login(mail.machine, "PLAIN", emil.address, emil.password)
    wait_until(lambda: row(mail, LAST_LOGIN, emil), "the table has the sign-in")
    domain, seconds = row(mail, LAST_LOGIN, emil)
    assert domain == DOMAIN and before <= int(seconds) <= time.time()


def test_the_panel_reads_the_usage_that_dovecot_recorded(mail: MailHost) -> None:
    mail.await_mail(ANNA, mail.send(BOB, ANNA.address))
    wait_until(lambda: row(mail, LAST_LOGIN, ANNA), "the table has the sign-in")
    code = (
        "from mailboxes import usage; "
        f"found = usage.find(['{ANNA.address}'])['{ANNA.address}']; "
        "print(found.messages, found.bytes, int(found.last_login.timestamp()))"
    )
    used, messages = row(mail, USAGE, ANNA)
    seconds = row(mail, LAST_LOGIN, ANNA)[1]
    output = mail.manage("shell", "-v0", "-c", code).stdout.split()
    assert output == [messages, used, seconds]


@pytest.fixture
def repaired(mail: MailHost) -> Iterator[MailHost]:
    """The host, which can record usage again afterwards."""
    yield mail
    if mail.mariadb.query("SHOW TABLES LIKE 'away_%'", "mail"):
        mail.sql("RENAME TABLE away_quota2 TO quota2, away_last_login TO last_login")
    mail.export()  # another test may have left the bundle of other accounts
    mail.grant()
    before = created(mail, SOCKET)
    mail.machine.run(["doveadm", "reload"])  # which soon creates the socket again
    wait_until(lambda: created(mail, SOCKET) not in ("", before), "Dovecot has reloaded")


def created(mail: MailHost, path: str) -> str:
    """Return when a file was created, in seconds; an empty text if there is none."""
    return mail.machine.run(["stat", "--format", "%.9Z", path], check=False).stdout


def no_tables(mail: MailHost) -> None:
    mail.sql("RENAME TABLE quota2 TO away_quota2, last_login TO away_last_login")


def no_rights(mail: MailHost) -> None:
    for table in ("quota2", "last_login"):
        for at in ("localhost", "127.0.0.1", "::1"):
            mail.sql(f"REVOKE ALL ON {table} FROM mail_auth@'{at}'")


def no_socket(mail: MailHost) -> None:
    mail.machine.run(["rm", SOCKET])


FAILURES = [
    (no_tables, "quota2' doesn't exist"),
    (no_rights, "denied to user 'mail_auth'"),
    (no_socket, f"net_connect_unix({SOCKET}) failed"),
]


@pytest.mark.parametrize(("failure", "reason"), FAILURES, ids=[t.__name__ for t, _ in FAILURES])
def test_mail_still_works_if_usage_cannot_be_recorded(
    repaired: MailHost, failure: Callable[[MailHost], None], reason: str
) -> None:
    failure(repaired)
    repaired.await_mail(BOB, repaired.send(ANNA, BOB.address))
    wait_until(lambda: reason in all_logs(repaired), "the log says why")
    assert repaired.signs_in(ANNA) and repaired.signs_in(BOB)


def all_logs(mail: MailHost) -> str:
    return "".join(log for _, log in mail.machine.tails())


def test_usage_is_recorded_through_the_socket_of_the_database(host: MailHost) -> None:
    host.configure(MAIL_DB_HOSTS="localhost")
    host.sql("DELETE FROM last_login")
    assert host.signs_in(ANNA)
    wait_until(lambda: row(host, LAST_LOGIN, ANNA), "the table has the sign-in", 40)


def test_other_users_of_the_host_cannot_record_usage(mail: MailHost) -> None:
    def may_connect(group: str) -> bool:
        who = ("--reuid=nobody", "--regid=nogroup", f"--groups={group}")
        reach = ["setpriv", *who, "test", "-w", "/run/dovecot/dict"]
        return not mail.machine.run(reach, check=False).returncode

    assert may_connect("dovecot") and not may_connect("nogroup")


def test_the_account_can_only_write_to_the_usage_tables(mail: MailHost) -> None:
    output = mail.mariadb.query("SHOW GRANTS FOR mail_auth@'127.0.0.1'")
    wide = [line for line in output.splitlines() if "SELECT (" not in line and "USAGE" not in line]
    assert sorted(line.partition(" TO ")[0] for line in wide) == [
        "GRANT SELECT, INSERT, UPDATE ON `mail`.`last_login`",
        "GRANT SELECT, INSERT, UPDATE ON `mail`.`quota2`",
    ]
    output = mail.mariadb.query("SHOW GRANTS FOR mail_lookup@'127.0.0.1'")
    assert "last_login" not in output and "INSERT" not in output and "UPDATE" not in output
