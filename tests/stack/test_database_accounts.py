"""Database passwords with every character that is special in some file, up to a real login."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from smtplib import SMTPException
from threading import Event

import pytest

from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, MailHost, Person, hosts

pytestmark = pytest.mark.stack

# MAILSTACK.md 2.3 and 3.2: which characters break which file. pam_mysql's own file allows all but
# ; and a leading space; only its arguments allow those, and no file of V1 allows both # and ;.
OF_ACCOUNTS = {
    "like the name of a file, long, hash sign, quotes, backslash at the end": (
        "<" + "0123456789" * 7 + " #b\"c'd \\e\\"
    ),
    "in double quotes and not ASCII": '" pässwörd ☃ 密码 "',
    "blanks at both ends, semicolon, brackets": r" [;]\]{}<>&|,=:@!*` $x ${y} %u %%n] ",
}
OUT_OF_REACH = [
    ("v1", "MAIL_AUTH_PASSWORD", "both # and ;"),
    ("v1", "MAIL_AUTH_PASSWORD", " blank and #"),
    ("v1", "MAIL_AUTH_PASSWORD", "two\nlines"),
    ("v1", "MAIL_LOOKUP_PASSWORD", "trailing blank "),
    ("v2", "MAIL_AUTH_PASSWORD", "two\nlines"),
    ("v2", "MAIL_LOOKUP_PASSWORD", " leading blank"),
    ("v2", "MAIL_LOOKUP_PASSWORD", "two\nlines"),
    ("v2", "MAIL_LOOKUP_PASSWORD", "ends in a new line\n"),
]


# Both releases have the same pam_mysql and the same files for it.
IN_EVERY_FORMAT = [
    *hosts(variant="v2", database="mariadb"),
    *hosts(release="debian13", variant="v1"),
]


@pytest.mark.parametrize("host", IN_EVERY_FORMAT, indirect=True)
@pytest.mark.parametrize("kind", OF_ACCOUNTS)
def test_awkward_passwords_of_the_database_accounts_work_in_every_file(
    host: MailHost, kind: str
) -> None:
    password = OF_ACCOUNTS[kind]
    # Postfix's maps have no quotes, so they can't express spaces at either end.
    host.configure(MAIL_AUTH_PASSWORD=password, MAIL_LOOKUP_PASSWORD=password.strip())
    assert host.signs_in(ANNA)
    assert not host.signs_in(Person(ANNA.address, BOB.password))
    host.await_mail(BOB, host.send(ANNA, BOB.address))
    if host.variant == "v2":
        assert_written(host)


def assert_written(host: MailHost) -> None:
    """Dovecot uses another connection for writing than for checking passwords."""
    host.sql("DELETE FROM last_login")
    assert host.signs_in(BOB)
    wait_until(lambda: host.mariadb.query("SELECT * FROM last_login", "mail"), "a sign-in")


@pytest.mark.parametrize(("variant", "setting", "value"), OUT_OF_REACH)
@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="mariadb"), indirect=True
)
def test_passwords_that_a_file_cannot_express_are_refused_by_name(
    host: MailHost, variant: str, setting: str, value: str
) -> None:
    folder = f"/tmp/refused-{variant}"
    settings = {setting: value, "MAIL_VARIANT": variant}
    done = host.manage("exportconfig", "--output", folder, settings=settings, check=False)
    assert done.returncode == 1
    assert setting in done.stderr and "Traceback" not in done.stderr
    assert value not in done.stderr + done.stdout
    assert not (host.machine / folder).exists()


def denied(host: MailHost, account: str, statement: str) -> bool:
    """Say whether the server denies this statement to an account of the exported files."""
    client = ["mariadb", "--host=127.0.0.1", f"--user=mail_{account}", "mail", "-e", statement]
    done = host.machine.run(client, env={"MYSQL_PWD": f"{account}-password"}, check=False)
    assert not done.returncode or "denied" in done.stderr, done.stderr
    return bool(done.returncode)


@pytest.mark.parametrize("host", hosts(database="mariadb"), indirect=True)
def test_the_accounts_can_only_read_what_they_need(mail: MailHost) -> None:
    assert not denied(mail, "lookup", "SELECT username, maildir FROM mailbox")
    assert not denied(mail, "auth", "SELECT username, password FROM mailbox")
    assert denied(mail, "lookup", "SELECT password FROM mailbox")
    assert denied(mail, "auth", "SELECT name FROM mailbox")
    for account in ("lookup", "auth"):
        assert denied(mail, account, "UPDATE mailbox SET active = 1")
        assert denied(mail, account, "SELECT * FROM panel.auth_user")
        for table in ("quota2", "last_login"):
            assert denied(mail, account, f"DELETE FROM {table}")
            assert denied(mail, "lookup", f"SELECT * FROM {table}")


def takes(host: MailHost, account: str, password: str) -> bool:
    client = ["mariadb", "--host=127.0.0.1", f"--user=mail_{account}", "mail", "-e", "SELECT 1"]
    return not host.machine.run(client, env={"MYSQL_PWD": password}, check=False).returncode


@contextmanager
def signing_in(host: MailHost) -> Iterator[list[int]]:
    """Let Anna sign in again and again; give the codes, without those of a Postfix that is down."""
    codes: list[int] = []
    done = Event()

    def sign_in() -> None:
        while not done.is_set():
            try:
                codes.append(host.smtp_code(ANNA))
            except (OSError, SMTPException):
                done.wait(0.1)

    with ThreadPoolExecutor() as pool:
        running = pool.submit(sign_in)
        try:
            yield codes
        finally:
            done.set()
            running.result()


@pytest.mark.parametrize(
    "host",
    [
        *hosts(release="debian12", variant="v2", database="mariadb"),
        *hosts(release="debian13", variant="v1"),
    ],
    indirect=True,
)
def test_passwords_of_the_accounts_change_without_a_refused_sign_in(changed: MailHost) -> None:
    backend = {"v1": "saslauthd", "v2": "dovecot"}[changed.variant]
    changed.export(
        MAIL_AUTH_PASSWORD="new auth \\' pass", MAIL_LOOKUP_PASSWORD="new lookup \\' pass"
    )
    with signing_in(changed) as codes:
        changed.grant()
        # No daemon keeps a connection, and Postfix never waits for its backend.
        for action, daemon in (("stop", "postfix"), ("restart", backend), ("start", "postfix")):
            changed.machine.run(["systemctl", action, daemon])
        changed.await_services()
        assert changed.signs_in(ANNA)
        changed.await_mail(BOB, changed.send(ANNA, BOB.address))
        for account in ("auth", "lookup"):
            assert takes(changed, account, f"{account}-password")
            assert takes(changed, account, f"new {account} \\' pass")
        changed.apply()
        changed.grant()
        changed.apply()
        changed.await_mail(BOB, changed.send(ANNA, BOB.address))
    assert len(codes) > 10 and set(codes) == {235}
    for account in ("auth", "lookup"):
        assert not takes(changed, account, f"{account}-password")
        assert takes(changed, account, f"new {account} \\' pass")
