"""The doctor on real mail hosts: a healthy one is in order, and what is broken is named."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailboxes.doctor.remedies import REPAIR_BEFORE
from tests.doctor_faults import FAULTS, ROUNDS, Fault
from tests.machine import wait_until
from tests.mailhost import ANNA, BOB, DOMAIN, MailHost, hosts

pytestmark = pytest.mark.stack


OTHERS = f"NOT IN ('{ANNA.address}', '{BOB.address}')"
ONLY_ANNA_AND_BOB = (
    f"DELETE FROM mailbox WHERE username {OTHERS}",
    f"DELETE FROM alias WHERE address {OTHERS}",
    f"DELETE FROM domain WHERE domain <> '{DOMAIN}'",
    "DELETE FROM alias_domain",
    "UPDATE mailbox SET active = 1, quota = 0",
    "UPDATE alias SET active = 1, goto = address",
)


@pytest.fixture
def sound(mail: MailHost) -> MailHost:
    """A mail host whose tables have nothing odd in them, whatever earlier tests have left."""
    for statement in ONLY_ANNA_AND_BOB:
        mail.sql(statement)
    return mail


def examine(host: MailHost, *address: str) -> dict[str, Any]:
    """Run the doctor as root; return its report, with the exit status."""
    manage: list[str | Path] = [host.machine.python, host.machine.checkout / "manage.py"]
    env = host.env | (host.applied or {})
    done = host.machine.run([*manage, "doctor", "--json", *address], env=env, check=False)
    return {"status": done.returncode, **json.loads(done.stdout)}


def unhealthy(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the findings that are not green, by code; of several, the first has the command."""
    findings = [finding for hop in report["hops"] for finding in hop["findings"]]
    return {each["code"]: each for each in reversed(findings) if each["state"] != "working"}


def canaries(host: MailHost) -> str:
    """Return what the mail database holds of canaries."""
    return host.manage("shell", "--no-imports", "-c", CANARIES).stdout


CANARIES = """
from mailboxes.models import Alias, LastLogin, Mailbox
print([*Mailbox.objects.filter(pk__startswith="mailadmin-check"), *Alias.objects.filter(
    pk__startswith="mailadmin-check"), *LastLogin.objects.filter(pk__startswith="mailadmin-check")])
"""


def test_nothing_is_wrong_with_a_healthy_host_and_nothing_is_left(sound: MailHost) -> None:
    report = examine(sound, ANNA.address)
    assert (report["status"], report["verdict"], unhealthy(report)) == (0, "working", {})
    assert report["hops"][0]["code"] == "mailbox"
    assert canaries(sound) == "[]\n"
    assert "mailadmin-check" not in sound.machine.run(["find", "/var/vmail"]).stdout


TYPING = """
import os, pty, sys
child, terminal = pty.fork()
if not child:
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
while b"Password: " not in os.read(terminal, 1000):
    pass
os.write(terminal, sys.stdin.buffer.readline())
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("host", hosts(release="debian13", variant="v1"), indirect=True)
def test_the_password_that_its_owner_types_signs_in_at_each_hop(sound: MailHost) -> None:
    machine, report = sound.machine, "/tmp/report"
    manage = f"{machine.python} {machine.checkout}/manage.py"
    doctor = f"{manage} doctor --json --ask-password {ANNA.address} >{report}"
    typing = [machine.python, "-c", TYPING, doctor]
    done = machine.run(typing, env=sound.env | (sound.applied or {}), input=f"{ANNA.password}\n")
    assert done.stdout == "0\n"
    found = json.loads(machine.run(["cat", report]).stdout)
    assert found["verdict"] == "working" and set(unhealthy(found)) == {"delivery"}
    assert "mailbox.typed" in {each["code"] for each in found["hops"][0]["findings"]}


SAVE = r"""
tar -C / -cPpf /root/saved.tar /etc/postfix /etc/pam.d /etc/default /etc/group /etc/gshadow \
    $(ls -d /etc/dovecot /etc/mailadmin-pam-mysql.conf /lib/*/security/pam_mysql.so)
unit=/etc/systemd/system/mariadb.service.d
install -d $unit
echo "[Service]
Type=simple
ExecStartPre=
ExecStartPost=
ExecStart=
ExecStart=/usr/sbin/$(tr '\0' ' ' </proc/$(cat /run/mysqld/mysqld.pid)/cmdline)
PrivateDevices=no
ProtectSystem=no" >$unit/tests.conf
systemctl daemon-reload
systemctl enable --quiet mariadb
"""


@pytest.fixture
def breakable(sound: MailHost) -> Iterator[MailHost]:
    """A host whose database is a service, like that of an administrator."""
    applied, sound.applied = sound.applied, None
    machine = sound.machine
    machine.run(["sh", "-c", SAVE])
    sound.mariadb.stop()
    machine.run(["systemctl", "start", "mariadb"])
    restart_readers(sound)
    yield sound
    machine.run(["systemctl", "disable", "--now", "mariadb"])
    machine.run(["rm", "-r", "/etc/systemd/system/mariadb.service.d"])
    machine.run(["systemctl", "daemon-reload"])
    sound.mariadb.start()
    restart_readers(sound)
    if unhealthy(examine(sound)) == {}:
        sound.applied = applied


def restart_readers(host: MailHost) -> None:
    """Restart what has lost the database: Postfix doesn't ask again for a minute."""
    wait_until(lambda: host.machine.listens(3306), "the database")
    backend = "dovecot" if host.variant == "v2" else "saslauthd"
    host.machine.run(["systemctl", "reset-failed"])  # systemd refuses a sixth start in ten seconds
    host.machine.run(["systemctl", "restart", backend, "postfix"])
    host.await_services()


@pytest.mark.parametrize(
    "host",
    [
        *hosts(release="debian12", variant="v1", database="mariadb"),
        *hosts(release="debian13", variant="v2", database="mariadb"),
    ],
    indirect=True,
)
def test_each_fault_is_named_and_its_command_mends_it(breakable: MailHost) -> None:
    variant = breakable.variant
    for names in ROUNDS[variant]:
        faults = {name: FAULTS[variant][name] for name in names}
        breaks = "\n".join(fault.breaks for fault in faults.values())
        breakable.machine.run(["sh", "-c", breaks], check=False)  # not everything starts again
        found = unhealthy(examine(breakable))
        for name, fault in faults.items():
            assert set(fault.codes) <= set(found), (name, found)
        expected = {code for fault in faults.values() for code in fault.codes}
        assert causes(found) <= expected, (names, found)
        repair(breakable, faults.values(), found)
    assert unhealthy(examine(breakable)) == {}


def causes(found: dict[str, dict[str, Any]]) -> set[str]:
    """Return the codes of what isn't only a consequence; the files were edited, of course."""
    return {
        code
        for code, finding in found.items()
        if finding["command"]
        and finding["advice"] != REPAIR_BEFORE.advice
        and not code.startswith("drift.")
    }


def repair(host: MailHost, faults: Iterable[Fault], found: dict[str, dict[str, Any]]) -> None:
    """Run the commands of the findings; put back what a test need not export again for."""
    host.machine.run(["systemctl", "reset-failed"])
    commands = {found[fault.codes[0]]["command"] for fault in faults if fault.mend}
    for command in commands:
        if not any(other.startswith(command) for other in commands - {command}):
            mend(host, command)
    if not all(fault.mend for fault in faults):
        host.machine.run(["tar", "-C", "/", "-xPpf", "/root/saved.tar"])
        restart_readers(host)
    wait_until(lambda: host.machine.listens(3306), "the database")
    host.await_services()


@pytest.fixture
def repaired(changed: MailHost, sound: MailHost) -> Iterator[MailHost]:
    yield changed
    changed.apply(check=False)


DRIFT = r"""
cd /etc/postfix
echo '# mine' >>mailadmin/aliases.cf
chmod 0644 mailadmin/domains.cf
postconf -e 'recipient_delimiter = -'
postconf -P smtp/inet/smtpd_sasl_auth_enable=yes
"""


@pytest.mark.parametrize("host", hosts(release="debian13", database="sqlite"), indirect=True)
def test_files_and_settings_that_were_changed_are_named_and_mended(repaired: MailHost) -> None:
    repaired.machine.run(["sh", "-c", DRIFT])
    found = unhealthy(examine(repaired))
    seen = {code: each["detail"].splitlines()[-1] for code, each in found.items() if each["detail"]}
    path = "/etc/postfix/mailadmin"
    assert seen == {
        "drift.main_cf": "recipient_delimiter: “-” instead of “+”",
        "drift.override": "smtp/inet/smtpd_sasl_auth_enable: “yes” instead of “no”",
        "drift.edited": "-# mine",
        "drift.rights": f"{path}/domains.cf: root:postfix 0644 instead of root:postfix 0640",
    }
    for command in dict.fromkeys(found[code]["command"] for code in seen):
        mend(repaired, command)
    repaired.await_services()
    assert unhealthy(examine(repaired)) == {}


def mend(host: MailHost, command: str) -> None:
    """Run the command of a finding as root in the panel's folder, with the tests' Python.

    It has none if that of a finding before it is the same.
    """
    if not command:
        return
    here = command.replace(".venv/bin/python", host.machine.python)
    host.machine.run(["sh", "-c", f"cd {host.machine.checkout} && {here}"], env=host.env)
