"""What Postfix's own check warns of: owners and modes, and stale files in its chroot."""

from collections.abc import Iterator
from pathlib import Path

from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, warning
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.doctor.words import quoted
from mailboxes.texts import gettext as _
from mailboxes.texts import join

RESOLVER = Path("/etc/resolv.conf")
CHROOT = Path("/var/spool/postfix")
LOG = ("journalctl", "--quiet", "--no-pager", "--output=cat", "--identifier=postfix/postfix-script")
SIGN = "warning: "
HARMLESS = "symlink leaves directory"
"""Debian's own makedefs.out is such a link."""

MAX_LINES = 10


def examine(examination: Examination) -> Iterator[Finding]:
    """Let Postfix check itself; it writes into the log what it sees."""
    if not examination.access.sees_all or "maps" in examination.broken:
        return
    found = [*complaints(examination), *without_resolver()]
    if not found:
        return
    seen = _("Postfix's own check (postfix check) has complaints about its files.")
    command = f"postfix set-permissions; {restart_command('postfix')}"
    advice = _("Give them the owners and modes that Postfix needs, then restart it:")
    yield warning("drift.check", seen, Remedy(advice, command), join("\n", found[:MAX_LINES]))


def complaints(examination: Examination) -> list[str]:
    run = examination.access.run
    said = run(["postfix", "check"]).stderr
    logged = run([*LOG, f"--since=@{examination.began}"]).stdout
    lines = [line.partition(SIGN)[2] for line in f"{said}\n{logged}".splitlines() if SIGN in line]
    found = dict.fromkeys(line for line in lines if not line.startswith(HARMLESS))
    return list(map(quoted, found))


def without_resolver() -> Iterator[str]:
    """Name a chroot in which no names can be looked up; the check only compares files."""
    inside = CHROOT / str(RESOLVER)[1:]
    if RESOLVER.exists() and not inside.exists():
        yield _("%(path)s is missing.") % {"path": inside}
