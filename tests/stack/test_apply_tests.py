"""What `apply` tests each time: accounts, look-ups and a sign-in, and what it says of a fault."""

import pytest

from tests.mailhost import ANNA, BOB, DOMAIN, MailHost, hosts

pytestmark = pytest.mark.stack

ONE_OF_EACH = [
    *hosts(release="debian12", variant="v2", database="mariadb"),
    *hosts(release="debian13", variant="v1"),
]
GRANTS = "Run this on the database host: mariadb < grants.sql\n"
LOST = {
    "LOOKUP": "REVOKE SELECT (address, goto, active) ON mail.alias FROM",
    "AUTH": "REVOKE SELECT (username, password, active) ON mail.mailbox FROM",
}
UNUSABLE = {
    "submission/inet/smtpd_sasl_security_options=noplaintext,noanonymous": 587,
    "submissions/inet/smtpd_upstream_proxy_protocol=haproxy": 465,
}
"""Options of others for the services, with which nobody could sign in on a port."""


def set_option(host: MailHost, *arguments: str) -> None:
    host.machine.run(["postconf", *arguments])
    host.machine.run(["systemctl", "restart", "postfix"])  # reload leaves a service suspended


def fault(host: MailHost, *options: str) -> str:
    """Return what `apply` says is wrong with the database of a host that it has configured."""
    done = host.apply(*options, check=False)
    assert done.returncode == 2, done
    return done.stderr


@pytest.mark.parametrize("host", ONE_OF_EACH, indirect=True)
def test_what_is_lost_is_noticed_though_nothing_has_changed(mail: MailHost) -> None:
    mail.export()
    for account, statement in LOST.items():
        for place in ("localhost", "127.0.0.1"):
            mail.mariadb.query(f"{statement} mail_{account.lower()}@'{place}'")
        said = fault(mail)
        assert f"MAIL_{account}_USER" in said and "denied" in said and said.endswith(GRANTS)
        mail.grant()
    mail.mariadb.stop()
    done = mail.apply(check=False)
    mail.mariadb.start()
    assert done.returncode == 2 and done.stdout.startswith("Nothing to change.\n")
    assert "127.0.0.1:3306" in done.stderr and "Can't connect" in done.stderr
    assert done.stderr.endswith(": systemctl restart mariadb\n")
    sockets = {"v1": "var/run/saslauthd/mux", "v2": "private/auth"}
    (mail.machine / "var/spool/postfix" / sockets[mail.variant]).unlink()
    backend = {"v1": "saslauthd", "v2": "dovecot"}[mail.variant]
    assert mail.apply().stdout.startswith(f"start {backend}\n")
    mail.await_services()
    for option, port in UNUSABLE.items():
        set_option(mail, "-P", option)
        assert fault(mail).startswith(f"apply: Nobody can sign in on port {port} (")
        set_option(mail, "-PX", option.partition("=")[0])
    assert mail.unchanged()
    assert mail.signs_in(ANNA)


@pytest.mark.parametrize(
    ("host", "password"),
    [
        pytest.param(*host.values, password, marks=host.marks)
        for host, password in zip(ONE_OF_EACH, ["another password", " with blanks "], strict=True)
    ],
    indirect=["host"],
)
def test_a_changed_password_is_noticed_until_the_grants_are_run(
    changed: MailHost, password: str
) -> None:
    """Postfix's maps can't express blanks at the ends, so that only the sign-in is left to test."""
    changed.export(MAIL_AUTH_PASSWORD=password)
    if password == password.strip():
        assert fault(changed, "--dry-run").endswith(GRANTS)
    said = fault(changed)
    assert "mariadb < grants.sql" in said and password not in said
    changed.grant()
    assert changed.unchanged()
    assert changed.signs_in(ANNA)


@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="sqlite"), indirect=True
)
def test_a_table_that_is_missing_from_a_file_is_noticed(mail: MailHost) -> None:
    mail.export()
    mail.sql("ALTER TABLE alias_domain RENAME TO away")
    said = fault(mail)
    mail.sql("ALTER TABLE away RENAME TO alias_domain")
    assert "no such table: alias_domain" in said and "manage.py migrate --database mail" in said
    assert mail.unchanged()


@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="sqlite"), indirect=True
)
def test_mail_that_dovecot_could_not_store_is_noticed(mail: MailHost) -> None:
    mail.export()
    mail.await_mail(ANNA, mail.send(BOB, ANNA.address))
    domain = f"/var/vmail/{DOMAIN}"
    for path, lost, said in (
        (domain, "u=", "Dovecot can't open the mailbox "),
        (f"{domain}/*/tmp", "u-w", f"Dovecot can't write to {domain}/"),
    ):
        mail.machine.run(["sh", "-c", f"chmod {lost} {path}"])
        assert said in fault(mail)
        mail.machine.run(["sh", "-c", f"chmod u=rwx {path}"])
    # Dovecot minds it only once somebody connects.
    own = mail.machine / "etc/dovecot/conf.d/99-zz-own.conf"
    own.write_text("remote 127.0.0.0/8 {\n  auth_allow_cleartext = yes\n}\n")
    mail.machine.run(["doveadm", "reload"])
    for port in (143, 993):
        assert f"Dovecot doesn't greet mail programs on port {port}." in fault(mail)
    own.unlink()
    mail.machine.run(["doveadm", "reload"])
    # A host behind a gateway, which alone may send mail to it, is in order.
    set_option(mail, "-e", "smtpd_delay_reject=no", "smtpd_client_restrictions=reject")
    assert mail.unchanged()
    set_option(mail, "-X", "smtpd_delay_reject", "smtpd_client_restrictions")
