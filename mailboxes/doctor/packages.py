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
    checked = {name: examination.access.run(["dpkg", "--verify", name]) for name in packages}
    changed = {name: list(changes(done.stdout)) for name, done in checked.items()}
    lacking = [name for name, done in checked.items() if "is not installed" in done.stderr]
    found = [*lacking, *(name for name in packages if changed[name])]
    if not found:
        return
    names = " ".join(found)
    services = ["saslauthd"] if examination.host.variant.name == "v1" else ["dovecot"]
    command = f"apt-get install --reinstall {names} && {restart_command(*services, 'postfix')}"
    seen = _("Programs of these packages are missing or were changed: %(names)s.")
    remedy = Remedy(_("Install them again, then restart what uses them:"), command)
    lines = [line for name in packages for line in changed[name]][:MAX_NAMED]
    yield broken(f"{hop}.package", seen % {"names": names}, remedy, "\n".join(lines))


def changes(text: str) -> Iterator[str]:
    """Yield the lines of programs and modules; an administrator may edit what configures them."""
    for line in text.splitlines():
        path = line.rpartition(" ")[2]
        if path.startswith(FOLDERS) and CONFIGURATION not in line:
            yield line.strip()
