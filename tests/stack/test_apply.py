"""The bundle's `apply` on a real host: what it changes, keeps, refuses and rolls back."""

import re

import pytest

from tests.machine import Machine
from tests.mailhost import ANNA, BUNDLE, OWNER, MailHost, fresh_hosts, hosts

pytestmark = pytest.mark.stack

# Without Dovecot's own files in a Maildir, which it writes whenever apply lets it open one.
FILES = (
    "find /etc /var/vmail -type d -printf '%p %m %u %g\\n'"
    " -o -name 'dovecot*' -path '/var/vmail/*'"
    " -o -printf '%p %m %u %g %s %T@ %l\\n' | sort"
)
DAEMONS = "ps -e -o pid=,args= | grep -E '[/](master|dovecot|saslauthd)( |$)' | sort"
SECRETS = ("new-secret", "new-too", "lookup-password", "auth-password")
NEW_SECRETS = {"MAIL_AUTH_PASSWORD": SECRETS[0], "MAIL_LOOKUP_PASSWORD": SECRETS[1]}
BREAKS_A_DAEMON = {
    "v1": ("etc/default/saslauthd", 'MECHANISMS="nonsense"'),
    "v2": ("etc/postfix/mailadmin/mailboxes.cf", "dbname ="),
}


def state(machine: Machine) -> str:
    """Return the configuration files with owner, mode, size and time, and the daemons."""
    return machine.run(["sh", "-c", f"{FILES}; ls /var/backups/mailadmin-config; {DAEMONS}"]).stdout


def test_a_second_run_changes_nothing_and_says_so(mail: MailHost) -> None:
    mail.export()
    before = state(mail.machine)
    assert mail.apply("--dry-run").stdout == "Nothing to change.\n"
    assert mail.unchanged()
    assert state(mail.machine) == before
    assert_named_if_it_accepts_what_nobody_receives(mail)


def assert_named_if_it_accepts_what_nobody_receives(mail: MailHost) -> None:
    options = {
        "smtpd_relay_restrictions": "permit_mynetworks,reject_unauth_destination",
        "smtpd_reject_unlisted_recipient": "no",
        "receive_override_options": "no_unknown_recipient_checks",
    }
    keys = {f"smtp/inet/{name}": value for name, value in options.items()}
    settings = ("smtpd_reject_unlisted_recipient = no", "unknown_virtual_mailbox_reject_code = 450")
    mail.machine.run(["postconf", "-P", *(f"{key}={value}" for key, value in keys.items())])
    mail.machine.run(["postconf", *settings])
    printed = mail.apply("--dry-run").stdout
    for key in keys:
        assert f"and it bounces; to refuse it: postconf -PX '{key}'\n" in printed
    for setting in settings:
        assert f"- {setting}: " in printed
    mail.machine.run(["postconf", "-PX", *keys])
    mail.machine.run(["postconf", "-X", *(setting.partition(" ")[0] for setting in settings)])


@pytest.mark.parametrize(
    "host", hosts(release="debian13", variant="v2", database="sqlite"), indirect=True
)
def test_each_run_names_its_export_for_the_panel_and_the_backup_of_what_it_replaced(
    changed: MailHost,
) -> None:
    file, main_cf = (
        changed.machine / "etc/postfix" / name for name in ("mailadmin/applied", "main.cf")
    )
    before, old = file.read_text(), main_cf.read_text()
    assert changed.apply().stdout.endswith(f"\n{before}")
    assert "mailadmin export" not in changed.apply("--dry-run").stdout
    changed.export(MAIL_HOSTNAME="other.example.test")
    printed = changed.apply().stdout
    backup = re.search(r"/var/backups/mailadmin-config/[\w-]+", printed)
    assert main_cf.read_text() != old
    assert backup and (changed.machine / f"{backup[0]}/etc/postfix/main.cf").read_text() == old
    after = printed.splitlines()[-1]
    assert re.fullmatch(r"mailadmin export [0-9a-f]{16} applied [0-9T:-]+Z", after)
    assert after.split()[2] != before.split()[2] and file.read_text() == f"{after}\n"
    changed.machine.run(["test", "-r", "/etc/postfix/mailadmin/applied"], user=OWNER)


def test_a_dry_run_changes_nothing_and_shows_no_secret(mail: MailHost) -> None:
    mail.export(MAIL_HOSTNAME="other.example.test", **NEW_SECRETS)
    before = state(mail.machine)
    done = mail.apply("--dry-run", check=False)
    assert done.returncode == (2 if mail.on_mariadb else 0)  # no grants for the new passwords
    assert "other.example.test" in done.stdout
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    assert state(mail.machine) == before


def test_one_run_sets_up_a_fresh_host_and_no_secret_is_readable_by_others(
    fresh: MailHost,
) -> None:
    before = state(fresh.machine)
    for option in (["--dry-run"], []):
        assert state(fresh.machine) == before
        done = fresh.apply(*option, check=False)
        assert "/etc/postfix/main.cf" in done.stdout
        assert done.returncode == (2 if fresh.on_mariadb else 0)  # there is no database yet
        assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]
    assert fresh.apply(check=False).stdout.startswith("Nothing to change.\n")
    leaks = fresh.machine.run(
        ["grep", "-rlE", "|".join(SECRETS), "/etc", "/var/backups"], check=False
    ).stdout.split()
    assert bool(leaks) == fresh.on_mariadb
    assert not [path for path in leaks if (fresh.machine / path).stat().st_mode & 0o007]


@pytest.mark.parametrize("boots", [False], ids=["sysv"])
@pytest.mark.parametrize(
    "fresh",
    [
        *fresh_hosts(release="debian12", variant="v1"),
        *fresh_hosts(release="debian13", database="sqlite"),
    ],
    indirect=True,
)
def test_services_are_started_without_systemd_too(fresh: MailHost) -> None:
    fresh.populate()
    fresh.configure()
    assert fresh.signs_in(ANNA)
    assert fresh.unchanged()


WITHOUT_IPV6 = """\
mount -t tmpfs none /proc/sys/net
folder=/etc/systemd/system/dovecot.service.d; mkdir -p $folder
printf '[Service]\\nRestrictAddressFamilies=~AF_INET6\\n' >$folder/ip.conf
systemctl daemon-reload
systemctl stop dovecot
"""
WITH_IPV6 = """\
umount /proc/sys/net
rm /etc/systemd/system/dovecot.service.d/ip.conf
systemctl daemon-reload
"""


@pytest.mark.parametrize("host", hosts(variant="v2", database="sqlite"), indirect=True)
def test_dovecot_starts_on_a_host_without_ipv6(changed: MailHost) -> None:
    changed.machine.run(["sh", "-c", WITHOUT_IPV6])
    assert "install /etc/dovecot/conf.d/99-mailadmin-ipv4.conf" in changed.apply().stdout
    assert changed.machine.listens(993)
    assert changed.unchanged()
    changed.machine.run(["sh", "-c", WITH_IPV6])
    assert "remove /etc/dovecot/conf.d/99-mailadmin-ipv4.conf" in changed.apply("--dry-run").stdout


@pytest.mark.parametrize("host", hosts(variant="v2"), indirect=True)
def test_dovecot_accepts_its_configuration_without_warnings(mail: MailHost) -> None:
    done = mail.machine.run(["doveconf", "-n"])
    assert done.stdout and not done.stderr


@pytest.mark.parametrize(
    "host",
    [
        *hosts(release="debian12", variant="v1"),
        *hosts(release="debian13", variant="v2", database="mariadb"),
    ],
    indirect=True,
)
def test_a_configuration_that_a_daemon_refuses_is_rolled_back(changed: MailHost) -> None:
    changed.export(MAIL_HOSTNAME="other.example.test", **NEW_SECRETS)
    path, nonsense = BREAKS_A_DAEMON[changed.variant]
    with (changed.machine / f"{BUNDLE}/{path}").open("a") as file:
        file.write(f"\n{nonsense}\n")
    before = changed.machine.run(["sh", "-c", FILES]).stdout
    done = changed.apply(check=False)
    assert done.returncode == 1
    assert "Restoring the old files." in done.stderr
    assert changed.machine.run(["sh", "-c", FILES]).stdout == before
    changed.await_services()
    assert changed.signs_in(ANNA)


ANOTHER_DOVECOT = """\
base_dir = /run/another
log_path = /tmp/another.log
protocols =
ssl = no
listen = 127.0.0.9
"""


@pytest.mark.parametrize("host", hosts(variant="v2", database="sqlite"), indirect=True)
def test_a_second_dovecot_is_left_alone(changed: MailHost) -> None:
    machine = changed.machine
    versions = [
        line
        for line in (machine / "etc/dovecot/dovecot.conf").read_text().splitlines()
        if line.startswith("dovecot_")
    ]
    (machine / "tmp/another.conf").write_text("\n".join([*versions, ANOTHER_DOVECOT]))
    machine.run(["dovecot", "-c", "/tmp/another.conf"])
    changed.export(MAIL_HOSTNAME="other.example.test")
    changed.apply()
    changed.await_services()
    assert changed.unchanged()
    machine.run(["doveadm", "-c", "/tmp/another.conf", "stop"])


def refusal(host: MailHost, *command: str, user: str = "") -> str:
    """Return the error of `apply`, which must have changed nothing."""
    before = state(host.machine)
    done = host.machine.run(command, user=user, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert state(host.machine) == before
    return done.stderr


# Each is found before the ones above it.
UNREADABLE = {
    'chmod 0700 "$(dirname "$0")/.."': "The user postfix may not enter",
    'mv "$0" "$0.away"': "is not on this machine",
    f"rm {BUNDLE}/etc/postfix/mailadmin/aliases.cf": "aliases.cf is missing",
}


@pytest.mark.parametrize("fresh", fresh_hosts(variant="v2", database="sqlite"), indirect=True)
def test_it_refuses_what_it_cannot_work_with(fresh: MailHost) -> None:
    assert "as root" in refusal(fresh, "sh", f"{fresh.export()}/apply", user=OWNER)
    assert "--force" in refusal(fresh, "sh", f"{BUNDLE}/apply", "--force")
    fresh.sql("PRAGMA journal_mode=WAL")
    assert "in WAL mode" in refusal(fresh, "sh", f"{BUNDLE}/apply")
    fresh.sql("PRAGMA journal_mode=DELETE")
    for spoil, sentence in UNREADABLE.items():
        fresh.machine.run(["sh", "-c", spoil, fresh.file])
        assert sentence in refusal(fresh, "sh", f"{BUNDLE}/apply")


@pytest.mark.parametrize("fresh", fresh_hosts(release="debian13"), indirect=True)
def test_it_names_missing_packages(fresh: MailHost) -> None:
    missing = "dovecot-lmtpd" if fresh.variant == "v2" else "libpam-mysql"
    fresh.machine.run(["dpkg", "--remove", "--force-depends", missing])
    assert f"apt-get install {missing}" in refusal(fresh, "sh", f"{BUNDLE}/apply")


HALF = r"/^Package: postfix$/,/^$/s/^Status: .*/Status: install ok half-configured/"


NEWER = (
    "rm /usr/sbin/dovecot && printf '#!/bin/sh\\necho 2.9.1\\n' >/usr/sbin/dovecot"
    " && chmod +x /usr/sbin/dovecot"
)
# Each is found before the ones above it.
NOT_READY = {
    f"sed -i s/^ID=.*/ID=other/ /etc/os-release && {NEWER}": "but this machine has 2.9.1",
    f"sed -i '{HALF}' /var/lib/dpkg/status": "postfix is only partly installed",
    "sed -i 's/^ID=.*/ID=debian/; s/^\\(.*CODENAME\\)=.*/\\1=x/' /etc/os-release": "is for Debian",
}


@pytest.mark.parametrize("fresh", fresh_hosts(variant="v2", database="sqlite"), indirect=True)
def test_it_refuses_a_machine_that_is_not_ready(fresh: MailHost) -> None:
    for spoil, sentence in NOT_READY.items():
        fresh.machine.run(["sh", "-c", spoil])
        assert sentence in refusal(fresh, "sh", f"{BUNDLE}/apply")


OF_23 = "/etc/dovecot/conf.d/99-zz-local.conf"


@pytest.mark.parametrize(
    "fresh",
    fresh_hosts(release="debian13", variant="v2", database="sqlite"),
    indirect=True,
)
def test_it_refuses_files_left_over_from_dovecot_23(fresh: MailHost) -> None:
    for spoil, file in (
        (f"echo 'mail_plugins = $mail_plugins quota' >{OF_23}", OF_23),
        (f"echo 'mail_home = /srv/%d/%n' >{OF_23}", OF_23),
        (
            f"rm {OF_23}; sed -i /^dovecot_config/d /etc/dovecot/dovecot.conf",
            "/etc/dovecot/dovecot.conf",
        ),
    ):
        fresh.machine.run(["sh", "-c", spoil])
        message = refusal(fresh, "sh", f"{BUNDLE}/apply")
        assert "written for Dovecot 2.3" in message and f" {file} " in message


@pytest.mark.parametrize("fresh", fresh_hosts(variant="v2", database="sqlite"), indirect=True)
def test_a_service_on_port_465_gets_the_rules_under_its_own_name(fresh: MailHost) -> None:
    line = "smtps/inet=smtps inet n - y - - smtpd -o smtpd_tls_wrappermode=yes"
    fresh.machine.run(["postconf", "-M", line])
    printed = fresh.apply("--dry-run").stdout
    rule = "smtpd_sender_restrictions=reject_sender_login_mismatch"
    assert f"postconf -P 'smtps/inet/{rule}'" in printed
    assert f"postconf -P 'submission/inet/{rule}'" in printed
    assert "submissions/inet" not in printed
