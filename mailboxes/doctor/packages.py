"""Whether the programs and modules of the daemons' packages are there, as Debian has them."""

from collections.abc import Iterator, Sequence

from mailboxes.conf import MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

FOLDERS = ("/bin/", "/sbin/", "/lib/", "/usr/bin/", "/usr/sbin/", "/usr/lib/")
CONFIGURATION = " c "
MAX_NAMED = 10
STATES = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\\n"]
COMPLETE = ("installed", "triggers-awaited", "triggers-pending")
PROGRAMS = {
    **dict.fromkeys(("lmtp",), "dovecot-lmtpd"),
    **dict.fromkeys(("imap", "imap-login", "imap-hibernate"), "dovecot-imapd"),
    **dict.fromkeys(("pop3", "pop3-login"), "dovecot-pop3d"),
}
"""The packages of Dovecot's programs; dpkg no longer knows that once a package was removed."""


def wanted(host: MailHost, hop: str) -> list[str]:
    """Return the packages on which a hop depends."""
    engine = "sqlite" if host.database.engine == "sqlite" else "mysql"
    found = {
        "pam": ["libpam-mysql"],
        "saslauthd": ["sasl2-bin"],
        "dovecot": ["dovecot-core", "dovecot-lmtpd", "dovecot-imapd", f"dovecot-{engine}"],
        "maps": ["postfix", f"postfix-{engine}"],
        "ports": ["postfix", *(["libsasl2-modules"] if host.variant.name == "v1" else [])],
        "delivery": ["postfix"],
    }
    if host.pop3:
        found["dovecot"].insert(0, "dovecot-pop3d")
    if host.variant.name == "v2" and hop == "ports":
        return [*found["ports"], *found["dovecot"]]
    return found.get(hop, [])


def explain(examination: Examination, hop: str, findings: list[Finding]) -> list[Finding]:
    """Return what is broken, after the files that are missing or damaged."""
    packages = wanted(examination.host, hop)
    is_broken = any(each.state == State.BROKEN for each in findings)
    if not (is_broken and packages and examination.access.sees_all):
        return findings
    if hop in examination.broken or examination.is_broken_before:
        return findings  # what is broken before has been explained
    return [*damaged(examination, hop, packages), *findings]


def damaged(examination: Examination, hop: str, packages: Sequence[str]) -> Iterator[Finding]:
    """Name packages that were removed or are only partly installed, and those with such files."""
    lacking = not_installed(examination, packages)
    checked = {
        name: list(changes(examination.access.run(["dpkg", "--verify", name]).stdout))
        for name in packages
    }
    found = [name for name in packages if name in lacking or checked[name]]
    if not found:
        return
    seen = _("Programs of these packages are missing or were changed: %(names)s.")
    if lacking:
        seen = _("These packages aren't installed, or not completely: %(names)s.")
        found = lacking
    services = ["saslauthd"] if examination.host.variant.name == "v1" else ["dovecot"]
    lines = [line for name in packages for line in checked[name]][:MAX_NAMED]
    remedy = install(found, *services, "postfix")
    yield broken(f"{hop}.package", seen % {"names": " ".join(found)}, remedy, "\n".join(lines))


def not_installed(examination: Examination, packages: Sequence[str]) -> list[str]:
    """Return the packages of which dpkg knows nothing, or only their configuration files."""
    listed = examination.access.run([*STATES, *packages])
    states = dict(line.split()[::-1] for line in listed.stdout.splitlines() if " " in line)
    lacking = [name for name in packages if f" {name}" in listed.stderr]
    partly = [name for name, state in states.items() if state not in COMPLETE]
    return [name for name in packages if name in (*lacking, *partly)]


def owner(examination: Examination, path: str) -> str:
    """Return the package that has a file; empty if none is known to."""
    listed = examination.access.run(["dpkg", "--search", path]).stdout
    name = listed.partition(":")[0]
    known = PROGRAMS.get(path.rpartition("/")[2], "") if "/lib/dovecot/" in path else ""
    return name if listed and "," not in name and " " not in name else known


def install(names: Sequence[str], *services: str) -> Remedy:
    command = f"apt-get install --reinstall {' '.join(names)} && {restart_command(*services)}"
    return Remedy(_("Install them again, then restart what uses them:"), command)


def changes(text: str) -> Iterator[str]:
    """Yield the lines of programs and modules; an administrator may edit what configures them."""
    for line in text.splitlines():
        path = line.rpartition(" ")[2]
        if path.startswith(FOLDERS) and CONFIGURATION not in line:
            yield line.strip()
