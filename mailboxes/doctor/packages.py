"""Whether the programs and modules of the daemons' packages are there, as Debian has them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailboxes.conf import MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy, restart_command, restart_readers
from mailboxes.texts import gettext as _

FOLDERS = ("/bin/", "/sbin/", "/lib/", "/usr/bin/", "/usr/sbin/", "/usr/lib/")
CONFIGURATION = " c "
OPENSSL = "/etc/ssl/openssl.cnf"
MAX_NAMED = 10
STATES = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\\n"]
REMOVED = ("not-installed", "config-files")
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
    found = list(damaged(examination, hop, packages))
    return [*found, *(map(following, findings) if found else findings)]


def following(finding: Finding) -> Finding:
    """Return what is broken without its own command: that of the package comes first."""
    if finding.state != State.BROKEN or not finding.remedy.command:
        return finding
    advice = _("First repair the packages that are named above, then run the doctor again.")
    return replace(finding, remedy=Remedy(advice))


def changed_openssl(examination: Examination) -> Remedy | None:
    """Return what turns off a configuration of OpenSSL that isn't Debian's: all daemons read it."""
    verified = examination.access.run(["dpkg", "--verify", "openssl"]).stdout
    if not any(
        line.endswith(f" {OPENSSL}") and "missing" not in line for line in verified.splitlines()
    ):
        return None
    advice = _(
        "%(path)s isn't as Debian has it, and all programs with TLS read it. Correct it, or turn "
        "it off; they also work without it:"
    )
    command = f"mv {OPENSSL} {OPENSSL}.off && {restart_readers(examination.host)}"
    return Remedy(advice % {"path": OPENSSL}, command)


def damaged(examination: Examination, hop: str, packages: Sequence[str]) -> Iterator[Finding]:
    """Name packages that were removed or are only partly installed, and those with such files."""
    services = ["saslauthd"] if examination.host.variant.name == "v1" else ["dovecot"]
    services.append("postfix")
    known = states(examination, packages)
    lacking = [name for name in packages if known and known.get(name) in (None, *REMOVED)]
    partly = [name for name, state in known.items() if state not in (*REMOVED, *COMPLETE)]
    if lacking or partly:
        seen = _("These packages aren't installed, or not completely: %(names)s.")
        # apt-get also completes what is only partly installed.
        remedy = install(lacking, *services) if lacking else complete(*services)
        yield broken(f"{hop}.package", seen % {"names": " ".join([*lacking, *partly])}, remedy)
        return
    checked = {
        name: list(changes(examination.access.run(["dpkg", "--verify", name]).stdout))
        for name in packages
    }
    if found := [name for name in packages if checked[name]]:
        seen = _("Programs of these packages are missing or were changed: %(names)s.")
        lines = [line for name in found for line in checked[name]][:MAX_NAMED]
        remedy = install(found, *services)
        yield broken(f"{hop}.package", seen % {"names": " ".join(found)}, remedy, "\n".join(lines))


def states(examination: Examination, packages: Sequence[str]) -> dict[str, str]:
    """Return the state of each package that dpkg knows, such as `config-files` once removed."""
    listed = examination.access.run([*STATES, *packages]).stdout
    pairs = (line.split() for line in listed.splitlines())
    return {name: state for state, name in pairs}


def complete(*services: str) -> Remedy:
    advice = _("Complete their installation, then restart what uses them:")
    return Remedy(advice, f"dpkg --configure -a && {restart_command(*services)}")


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
