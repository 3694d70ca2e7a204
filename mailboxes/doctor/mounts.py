"""Disks that /etc/fstab names for mail, and that aren't mounted: the folder below them is empty."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from mailboxes.conf import MailHost
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy, restart_readers
from mailboxes.texts import gettext as _

FSTAB = Path("/etc/fstab")
MOUNTS = Path("/proc/self/mounts")
"""The mounted disks, as of proc(5)."""

QUEUE = "/var/spool/postfix"


def points(path: Path) -> dict[str, str]:
    """Return the options by the mount point, in which blanks are written as numbers."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    fields = [line.split() for line in lines if not line.lstrip().startswith("#")]
    found = {each[1]: each[3] if len(each) > 3 else "" for each in fields if len(each) > 1}
    return {name.encode().decode("unicode_escape"): options for name, options in found.items()}


def examine(host: MailHost) -> Iterator[Finding]:
    """Name those on which mail is stored or waits, also if only a part of it does."""
    mounted = points(MOUNTS)
    for point, options in points(FSTAB).items():
        is_needed = "noauto" not in options.split(",") and point not in mounted
        if is_needed and any(is_above_or_below(point, folder) for folder in (host.home, QUEUE)):
            seen = _(
                "/etc/fstab has a disk for %(folder)s, but it isn't mounted, so the mail on it "
                "can't be found, and new mail is stored elsewhere."
            )
            advice = _("Mount it, then restart the services. It then hides what arrived meanwhile:")
            command = f"mount {quote(point)} && {restart_readers(host)}"
            yield broken("ports.mount", seen % {"folder": point}, Remedy(advice, command))


def is_above_or_below(point: str, folder: str) -> bool:
    if point in ("/", "none", "swap"):
        return False
    first, second = Path(point), Path(folder)
    return first == second or first in second.parents or second in first.parents
