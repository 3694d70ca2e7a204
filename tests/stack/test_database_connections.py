"""The connections of the panel and the daemons to a database: encrypted, and over IPv6."""

from collections.abc import Iterator

import pytest

from tests import mail_clients
from tests.mailhost import ANNA, BOB, BUNDLE, MailHost, hosts

pytestmark = pytest.mark.stack

NAME = "db.example.test"
URL = f"mysql://panel:panel@{NAME}:3306"
SETTINGS = {
    "DATABASE_URL": f"{URL}/panel",
    "MAIL_DATABASE_URL": f"{URL}/mail",
    "MAIL_DB_HOSTS": NAME,
    "MAIL_DB_TLS": "/etc/ssl/database-ca.pem",
}
ISSUE = f"""\
cd /etc/ssl
new="openssl req -x509 -newkey rsa:2048 -nodes -days 9"
for name in first other; do
    $new -subj "/CN=$name" -keyout "$name-ca.key" -out "$name-ca.pem"
done
for name in {NAME} elsewhere.example; do
    $new -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \\
        -addext basicConstraints=CA:FALSE -CA first-ca.pem -CAkey first-ca.key \\
        -keyout "$name.key" -out "$name.pem"
    chown mysql "$name.key"
done
cp first-ca.pem database-ca.pem
echo "127.0.0.1 {NAME}" >>/etc/hosts
"""
# The server would prefer them to those at '%', with the passwords that an earlier test gave them.
FORGET = "DROP USER IF EXISTS " + ", ".join(
    f"mail_{name}@'{at}'" for name in ("lookup", "auth") for at in ("localhost", "127.0.0.1", "::1")
)


def secured(name: str) -> tuple[str, ...]:
    """Return the server's options with the certificate of this name."""
    files = [f"--ssl-cert=/etc/ssl/{name}.pem", f"--ssl-key=/etc/ssl/{name}.key"]
    return (*files, "--ssl-ca=/etc/ssl/first-ca.pem", "--require-secure-transport=ON")


def restart(host: MailHost, *options: str) -> None:
    host.mariadb.stop()
    host.mariadb.start(*options)


@pytest.fixture
def changed(host: MailHost) -> Iterator[MailHost]:
    """A host whose database only accepts encrypted connections over TCP."""
    names = (host.machine / "etc/hosts").read_text()
    host.machine.run(["sh", "-eu"], input=ISSUE)
    host.mariadb.query(FORGET)
    restart(host, *secured(NAME))
    yield host
    (host.machine / "etc/hosts").write_text(names)
    restart(host)
    host.applied = None


def reached_by(host: MailHost) -> set[str]:
    """Return which of the panel, Postfix and Dovecot reach the database."""
    host.machine.run(["doveadm", "reload"])
    commands = {
        "postfix": ["postmap", "-q", ANNA.address, "mysql:/etc/postfix/mailadmin/mailboxes.cf"],
        "dovecot": ["timeout", "10", "doveadm", "auth", "test", ANNA.address, ANNA.password],
    }
    found = {
        name
        for name, command in commands.items()
        if host.machine.run(command, check=False).returncode == 0
    }
    done = host.manage("migrate", "--check", "--database", "mail", check=False)
    return found | ({"panel"} if done.returncode == 0 else set())


EVERYONE = {"panel", "postfix", "dovecot"}


def assert_a_more_specific_account_is_named(host: MailHost) -> None:
    """What grants.sql prints gives the way free again."""
    grants = (host.machine / BUNDLE / "grants.sql").read_text()
    assert "localhost" not in host.mariadb.query(grants)
    host.mariadb.query("CREATE USER mail_lookup@localhost IDENTIFIED BY 'another'")
    done = host.apply(check=False)
    assert done.returncode == 2 and "It may be another account of that name" in done.stderr
    said = host.mariadb.query(grants)
    assert "'mail_lookup'@'localhost' is taken for clients from there" in said
    host.mariadb.query(said[said.index("DROP USER 'mail_lookup'") :].partition(";")[0])
    assert host.unchanged()


@pytest.mark.parametrize("host", hosts(variant="v2", database="mariadb"), indirect=True)
def test_everyone_checks_the_certificate_of_the_database(changed: MailHost) -> None:
    changed.configure(**SETTINGS)
    assert reached_by(changed) == EVERYONE
    assert_a_more_specific_account_is_named(changed)
    assert mail_clients.smtp_login(changed.machine, "PLAIN", ANNA.address, ANNA.password) == 235
    assert mail_clients.smtp_login(changed.machine, "PLAIN", ANNA.address, BOB.password) == 535
    restart(changed, *secured("elsewhere.example"))
    assert reached_by(changed) == set()
    restart(changed, *secured(NAME))
    assert reached_by(changed) == EVERYONE
    changed.machine.run(["cp", "/etc/ssl/other-ca.pem", "/etc/ssl/database-ca.pem"])
    assert reached_by(changed) == set()


@pytest.mark.parametrize("host", hosts(variant="v2", database="mariadb"), indirect=True)
def test_a_database_is_reached_over_ipv6(host: MailHost) -> None:
    restart(host, "--bind-address=127.0.0.1,::1")
    try:
        host.configure(MAIL_DB_HOSTS="[::1]")
        assert reached_by(host) == EVERYONE
    finally:
        restart(host)
        host.applied = None
