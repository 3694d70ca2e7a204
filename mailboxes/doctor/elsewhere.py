"""A panel on another machine than the mail host: what can't be seen from there, and done."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from shlex import quote

from django.utils.translation import gettext_lazy

from mailboxes.conf import DatabaseHost
from mailboxes.deployment.states import State
from mailboxes.doctor import mysql_errors
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, not_checked
from mailboxes.doctor.remedies import EXPORT, REMOVE, RUN_APPLY, Remedy
from mailboxes.texts import gettext as _

TEST = Remedy(
    gettext_lazy(
        "To test it without changing anything, run on the mail host, in the bundle's folder:"
    ),
    "sudo sh apply --dry-run",
)
RESTART = re.compile(
    r"(?:(?:certbot|make-ssl-cert) [^&]*&& )?systemctl restart (?:dovecot )?postfix"
)
BY_PANEL = (".venv/bin/python", "sudo .venv/bin/python")
CONCLUSIVE = ("grant", "connections", "other")
"""What a server answers to accounts that it has let in, and too many of them."""


def not_here(code: str) -> Finding:
    reason = _(
        "This machine isn't the mail host: the panel's configuration was never applied here."
    )
    return not_checked(code, reason, remedy=TEST)


def unseen(code: str) -> Finding:
    reason = _("The panel's service can't see other users' processes, nor whether this one runs.")
    return not_checked(code, reason)


def on_mail_host(place: DatabaseHost) -> Finding:
    reason = _("The mail host finds the database on its own machine, at %(place)s.")
    params = {"place": mysql_errors.place_name(place)}
    return not_checked("database.elsewhere", reason % params, remedy=TEST)


def seen_from_here(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what also holds on the mail host, which may be let in where this machine isn't."""
    for finding in findings:
        is_conclusive = finding.code.rpartition(".")[2] in CONCLUSIVE
        if finding.state == State.WORKING or is_conclusive:
            yield finding
        else:
            seen = _("Seen from this machine, not from the mail host: %(seen)s")
            yield not_checked(finding.code, seen % {"seen": finding.seen}, remedy=TEST)


def unreachable(examination: Examination, port: int, reason: str) -> Finding:
    """Say that nothing is known of a port: its name, or the way there, is what fails."""
    seen = _("Port %(port)s of %(name)s can't be reached from this machine: %(reason)s.")
    params = {"port": port, "name": examination.access.hostname, "reason": reason}
    advice = _("Check MAIL_HOSTNAME in .env, its entry in the DNS, and the firewalls on the way.")
    return broken(f"ports.{port}", seen % params, Remedy(advice))


def over_ssh(finding: Finding, hostname: str) -> Finding:
    """Return the finding with a command that does on the mail host what is to be done there."""
    there = f"ssh root@{hostname}"
    unpack = f'd=$(mktemp -d) && tar -xC "$d" && {RUN_APPLY}; {REMOVE}'
    command = finding.remedy.command.replace(
        RUN_APPLY, f"""tar -cC "$d" bundle | {there} '{unpack}'"""
    )
    command = RESTART.sub(lambda found: on_host(found[0], there), command)
    return replace(finding, remedy=finding.remedy._replace(command=command))


def on_host(command: str, there: str) -> str:
    return f"{there} {quote(command) if '&&' in command else command}"


def from_log(finding: Finding, hostname: str) -> Finding:
    """Do the same for a line of a log: what is local in its command is local on the mail host."""
    command, there = finding.remedy.command, f"ssh root@{hostname}"
    if command.startswith((EXPORT, "mariadb --host=")):
        finding = over_ssh(finding, hostname)
        command = finding.remedy.command.replace("&& mariadb <", f"&& {there} mariadb <")
    elif command and not command.startswith(BY_PANEL):
        command = f"{there} {quote(command)}"
    return replace(finding, remedy=finding.remedy._replace(command=command))
