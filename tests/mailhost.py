"""A complete mail host, set up like an administrator would: database, panel, bundle, apply."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from subprocess import CompletedProcess
from uuid import uuid4

import pytest
from pytest import ParameterSet

from mailboxes.variants import RELEASES, VARIANTS, Scheme
from tests import mail_clients
from tests.machine import HOSTNAME, Machine, wait_until
from tests.servers import MariaDB, Panel

DOMAIN = "example.test"
OWNER = "panel"
BUNDLE = "/root/bundle"
CHAINS = (("v1", "mariadb"), ("v2", "mariadb"), ("v2", "sqlite"))
HOSTS = {
    f"{release}-{variant}-{database}": (release, variant, database)
    for release in RELEASES
    for variant, database in CHAINS
}
ON_MARIADB = {
    "DATABASE_URL": "mysql://panel:panel@127.0.0.1:3306/panel",
    "MAIL_DATABASE_URL": "mysql://panel:panel@127.0.0.1:3306/mail",
    "MAIL_DB_HOSTS": "127.0.0.1",
    "MAIL_LOOKUP_PASSWORD": "lookup-password",
    "MAIL_AUTH_PASSWORD": "auth-password",
}
PANEL_ENV = {
    "ENV_FILE": "/dev/null",
    "SECRET_KEY": "only for tests, and long enough for Django's own check of it",
    "MAIL_HOSTNAME": "mail.example.test",
    "PYTHONPATH": str(Machine.checkout),
    **ON_MARIADB,
}
"""Settings of a panel in a machine without a mail host."""

# The mail tables have character sets of their own, whatever the database's default is.
CREATE_DATABASES = (
    "CREATE DATABASE panel CHARACTER SET utf8mb4; CREATE DATABASE mail CHARACTER SET latin1;"
    "CREATE USER panel@localhost IDENTIFIED BY 'panel';"
    "GRANT ALL ON panel.* TO panel@localhost; GRANT ALL ON mail.* TO panel@localhost;"
)
# For `manage.py shell`: each process of manage.py would take most of a second to start.
CREATE_TABLES = """\
from django.core.management import call_command
for database in ("default", "mail"):
    call_command("migrate", database=database, verbosity=0)
"""
CREATE_PEOPLE = """\
import io, sys
call_command("createdomain", {domain!r})
for address, password in {people!r}:
    sys.stdin = io.TextIOWrapper(io.BytesIO(password.encode()))
    call_command("createmailbox", address, "--password-stdin")
"""
SQLITE = """\
import sqlite3, sys
with sqlite3.connect(sys.argv[1], timeout=20) as connection:
    connection.execute(sys.stdin.read())
"""
# Dovecot delays each refusal by two seconds, and by more each time.
QUICK_REFUSALS = """\
# Only for tests.
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""


def release_marks(release: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.debian13] if release == "debian13" else []


def releases() -> list[ParameterSet]:
    """Return each release as a parameter of a test."""
    return [pytest.param(release, marks=release_marks(release)) for release in RELEASES]


def newest_release() -> list[ParameterSet]:
    """Return the newest release, for slow tests of what is the same on both."""
    return releases()[-1:]


def hosts(*, release: str = "", variant: str = "", database: str = "") -> list[ParameterSet]:
    """Return the names of the hosts with these properties as parameters of a test."""
    wanted = (release, variant, database)
    return [
        pytest.param(name, marks=release_marks(properties[0]))
        for name, properties in HOSTS.items()
        if all(want in ("", has) for want, has in zip(wanted, properties, strict=True))
    ]


def fresh_hosts(**properties: str) -> list[ParameterSet]:
    """Return hosts that are not shared between tests; conftest.py recognizes them by their ids."""
    named = hosts(**properties)
    return [
        pytest.param(*host.values, marks=host.marks, id=f"fresh-{host.values[0]}") for host in named
    ]


@dataclass(frozen=True)
class Person:
    address: str
    password: str


ANNA = Person(f"anna@{DOMAIN}", "correct horse 'battery' stäple")
BOB = Person(f"bob@{DOMAIN}", "{PLAIN}tr0ub4dor&3 #;")


class MailHost:
    """A variant on one of the two databases, in its own machine."""

    def __init__(self, machine: Machine, name: str) -> None:
        release, variant, database = HOSTS[name]
        self.machine = machine
        self.release = RELEASES[release]
        self.file = machine.checkout / "var/mail.sqlite3"
        self.on_mariadb = database == "mariadb"
        self.applied: dict[str, str] | None = None
        self.exported: dict[str, str] | None = None
        self.panel: Panel | None = None
        self.env = {
            "SECRET_KEY": "only for tests, and long enough for Django's own check of it",
            "MAIL_HOSTNAME": HOSTNAME,
            "MAIL_RELEASE": release,
            "MAIL_VARIANT": variant,
            **(ON_MARIADB if self.on_mariadb else {}),
        }
        checkout = machine.checkout
        machine.run(["useradd", "--system", "--user-group", OWNER])
        machine.run(["install", "-d", "-o", OWNER, "-g", OWNER, checkout / "var"])
        (machine / "etc/dovecot/conf.d/zz-tests.conf").write_text(QUICK_REFUSALS)
        # A running Dovecot has left it; connecting to it would be retried for five seconds.
        (machine / "run/dovecot/anvil-auth-penalty").unlink(missing_ok=True)

    def populate(self) -> None:
        """Create the tables, the domain, Anna and Bob."""
        if self.on_mariadb:
            self.mariadb = MariaDB(self.machine)
            self.mariadb.query(CREATE_DATABASES)
        people = [(person.address, person.password) for person in (ANNA, BOB)]
        code = CREATE_TABLES + CREATE_PEOPLE.format(domain=DOMAIN, people=people)
        self.manage("shell", "-v0", "-c", code)

    def manage(
        self,
        *arguments: str,
        settings: Mapping[str, str] = {},
        input: str = "",
        check: bool = True,
    ) -> CompletedProcess[str]:
        """Run manage.py as the panel's account."""
        return self.machine.run(
            [self.machine.python, self.machine.checkout / "manage.py", *arguments],
            env=self.env | (self.applied or {}) | dict(settings),
            input=input,
            check=check,
            user=OWNER,
        )

    def create(self, person: Person, *options: str, settings: Mapping[str, str] = {}) -> Person:
        command = ("createmailbox", person.address, "--password-stdin", *options)
        self.manage(*command, input=person.password, settings=settings)
        return person

    @property
    def variant(self) -> str:
        """The variant that was applied to the host."""
        return (self.applied or {}).get("MAIL_VARIANT", self.env["MAIL_VARIANT"])

    @property
    def scheme(self) -> Scheme:
        """The scheme that was applied to the host."""
        known = VARIANTS[self.variant]
        name = (self.applied or {}).get("MAIL_PASSWORD_SCHEME", known.default_scheme.name)
        return known.schemes[name]

    def configure(self, **settings: str) -> None:
        """Apply these settings to the mail host, unless it has them already."""
        if self.applied == settings:
            if self.exported != settings:
                self.export()
            return
        self.applied = None
        self.export(**settings)
        self.grant()
        self.apply()
        self.applied = settings
        self.await_services()
        if self.panel:
            self.panel.stop()
            self.panel = None

    def await_services(self) -> None:
        ports = (25, 465, 587, *((993,) if self.variant == "v2" else ()))
        wait_until(lambda: all(map(self.machine.listens, ports)), f"services on {ports}")

    def export(self, **settings: str) -> str:
        """Export as the panel's account; hand the bundle to root, as `scp` would.

        Return the folder of the panel's account.
        """
        folder = f"/tmp/{uuid4()}"
        self.manage("exportconfig", "--output", folder, settings=settings)
        self.machine.run(["rm", "-rf", BUNDLE])
        self.machine.run(["cp", "-r", folder, BUNDLE])
        self.exported = (self.applied or {}) | settings
        return folder

    def grant(self) -> None:
        if self.on_mariadb:
            self.mariadb.query((self.machine / BUNDLE / "grants.sql").read_text())

    def apply(self, *options: str, check: bool = True) -> CompletedProcess[str]:
        return self.machine.run(["sh", f"{BUNDLE}/apply", *options], check=check)

    def unchanged(self, *options: str) -> bool:
        """Say whether `apply` finds nothing to change; fail if anything doesn't work."""
        return self.apply(*options).stdout.startswith("Nothing to change.\n")

    def sql(self, statement: str) -> None:
        """Change the mail tables without the panel, as another program may."""
        if self.on_mariadb:
            self.mariadb.query(statement, "mail")
            return
        self.machine.run(
            [self.machine.python, "-c", SQLITE, self.file], input=statement, user=OWNER
        )

    def insert(self, table: str, **row: str) -> None:
        """Add a row for which the panel has no command."""
        row |= {name: "2026-01-01 00:00:00" for name in ("created", "modified")}
        names, values = ", ".join(row), ", ".join(f"'{value}'" for value in row.values())
        self.sql(f"REPLACE INTO {table} ({names}, active) VALUES ({values}, 1)")

    def alias(self, address: str, goto: str) -> None:
        self.insert("alias", address=address, goto=goto, domain=DOMAIN)

    @contextmanager
    def disabled(self, table: str, key: str, value: str) -> Iterator[None]:
        self.sql(f"UPDATE {table} SET active = 0 WHERE {key} = '{value}'")
        try:
            yield
        finally:
            self.sql(f"UPDATE {table} SET active = 1 WHERE {key} = '{value}'")

    def serve(self) -> Panel:
        """Return the panel, started if it isn't running."""
        if not self.panel:
            env = self.env | (self.applied or {})
            self.panel = Panel(self.machine, OWNER, env)
        return self.panel

    def change_password(self, person: Person, new: str) -> str:
        """Change it on the panel's page; return the path of the final page."""
        return self.serve().change_password(person.address, person.password, new)

    def smtp_code(self, person: Person, mechanism: str = "PLAIN") -> int:
        return mail_clients.smtp_login(self.machine, mechanism, person.address, person.password)

    def signs_in(self, person: Person, mechanism: str = "PLAIN") -> bool:
        """Say whether all services of this host accept the login; fail if they differ."""
        login = (self.machine, mechanism, person.address, person.password)
        with ThreadPoolExecutor() as pool:  # Dovecot takes half a second for each refusal
            smtp = pool.submit(mail_clients.smtp_login, *login)
            imap = pool.submit(mail_clients.imap_login, *login) if self.variant == "v2" else None
        code = smtp.result()
        assert code in (235, 535), code
        assert imap is None or imap.result() == (code == 235)
        return code == 235

    def send(self, sender: Person, to: str, text: str = "Hello.") -> str:
        """Submit a mail and return its unique subject."""
        message = EmailMessage()
        message["Subject"] = str(uuid4())
        message["From"], message["To"] = sender.address, to
        message.set_content(text)
        with mail_clients.submission(self.machine) as smtp:
            assert mail_clients.smtp_auth(smtp, "PLAIN", sender.address, sender.password) == 235
            smtp.sendmail(sender.address, [to], message.as_bytes())
        return str(message["Subject"])

    def inbox(self, person: Person) -> str:
        """Return the contents of a mailbox: on V1 its Maildir, on V2 its subjects over IMAP."""
        if self.variant == "v2":
            return "\n".join(
                mail_clients.imap_subjects(self.machine, person.address, person.password)
            )
        local_part, _, domain = person.address.partition("@")
        new = self.machine / f"var/vmail/{domain}/{local_part}/new"
        return "\n".join(path.read_text() for path in new.glob("*"))

    def await_mail(self, person: Person, subject: str) -> None:
        wait_until(lambda: subject in self.inbox(person), f"{subject} at {person.address}")
