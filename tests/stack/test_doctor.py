"""The doctor on real mail hosts: a healthy one is in order, and what is broken is named."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.mailhost import ANNA, MailHost, hosts

pytestmark = pytest.mark.stack


def examine(host: MailHost, *address: str) -> dict[str, Any]:
    """Run the doctor as root; return its report, with the exit status."""
    manage: list[str | Path] = [host.machine.python, host.machine.checkout / "manage.py"]
    env = host.env | (host.applied or {})
    done = host.machine.run([*manage, "doctor", "--json", *address], env=env, check=False)
    return {"status": done.returncode, **json.loads(done.stdout)}


def unhealthy(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the findings that are not green, by code."""
    findings = [finding for hop in report["hops"] for finding in hop["findings"]]
    return {each["code"]: each for each in findings if each["state"] != "working"}


def canaries(host: MailHost) -> str:
    """Return what the mail database holds of canaries."""
    return host.manage("shell", "--no-imports", "-c", CANARIES).stdout


CANARIES = """
from mailboxes.models import Alias, LastLogin, Mailbox
print([*Mailbox.objects.filter(pk__startswith="mailadmin-check"), *Alias.objects.filter(
    pk__startswith="mailadmin-check"), *LastLogin.objects.filter(pk__startswith="mailadmin-check")])
"""


def test_nothing_is_wrong_with_a_healthy_host_and_nothing_is_left(mail: MailHost) -> None:
    report = examine(mail, ANNA.address)
    assert (report["status"], report["verdict"], unhealthy(report)) == (0, "working", {})
    assert report["hops"][0]["code"] == "mailbox"
    assert canaries(mail) == "[]\n"
    assert "mailadmin-check" not in mail.machine.run(["find", "/var/vmail"]).stdout


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
def test_the_password_that_its_owner_types_signs_in_at_each_hop(mail: MailHost) -> None:
    machine, report = mail.machine, "/tmp/report"
    manage = f"{machine.python} {machine.checkout}/manage.py"
    doctor = f"{manage} doctor --json --ask-password {ANNA.address} >{report}"
    typing = [machine.python, "-c", TYPING, doctor]
    done = machine.run(typing, env=mail.env | (mail.applied or {}), input=f"{ANNA.password}\n")
    assert done.stdout == "0\n"
    found = json.loads(machine.run(["cat", report]).stdout)
    assert found["verdict"] == "working" and unhealthy(found) == {}
    assert "mailbox.typed" in {each["code"] for each in found["hops"][0]["findings"]}


@dataclass(frozen=True)
class Fault:
    """What breaks a host, the code of the finding that names it, and what puts it right again."""

    breaks: str
    code: str
    variant: str = ""


FAULTS = {
    "saslauthd is stopped": Fault("systemctl stop saslauthd", "saslauthd.stopped", "v1"),
    "postfix is not in the group sasl": Fault(
        "gpasswd -d postfix sasl; systemctl restart postfix", "saslauthd.group", "v1"
    ),
    "the PAM file is missing": Fault("rm /etc/pam.d/smtp", "pam.file", "v1"),
    "Dovecot is stopped": Fault("systemctl stop dovecot", "dovecot.stopped", "v2"),
    "a map can't be read": Fault(
        "cd /etc/postfix/mailadmin && chmod 0600 aliases.cf && chown root aliases.cf",
        "maps.permission",
    ),
    "Postfix is stopped": Fault("systemctl stop postfix", "ports.25"),
}


@pytest.fixture
def repaired(changed: MailHost) -> Iterator[MailHost]:
    yield changed
    changed.apply(check=False)


@pytest.mark.parametrize("host", hosts(database="mariadb"), indirect=True)
def test_each_fault_is_named_and_its_command_mends_it(repaired: MailHost) -> None:
    for name, fault in FAULTS.items():
        if fault.variant not in ("", repaired.variant):
            continue
        repaired.machine.run(["sh", "-c", fault.breaks])
        report = examine(repaired)
        assert report["status"] == 1, name
        found = unhealthy(report).get(fault.code)
        assert found and found["state"] == "broken", (name, unhealthy(report))
        mend(repaired, found["command"])
        repaired.await_services()
        assert unhealthy(examine(repaired)) == {}, name


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
    """Run the command of a finding as root in the panel's folder, with the tests' Python."""
    here = command.replace(".venv/bin/python", host.machine.python)
    host.machine.run(["sh", "-c", f"cd {host.machine.checkout} && {here}"], env=host.env)
