"""Disks that take no mail: full, or only to be read."""

import os
from pathlib import Path
from shlex import quote

from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

QUEUE = "/var/spool/postfix/incoming"
MOUNTS = Path("/proc/self/mounts")
"""The mounted disks, as of proc(5); blanks in their names are written as numbers."""

MAX_MOUNTS = 100


def remedy(folder: str) -> Remedy | None:
    """Name a disk that is full, or that can only be read, as after an error of its hardware."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    if disk.f_flag & os.ST_RDONLY:
        advice = _(
            "The disk of %(home)s can only be read. If dmesg names no error of the disk, let it be "
            "written again:"
        )
        command = f'mount -o remount,rw "$(df --output=target {quote(folder)} | tail -n 1)"'
        return Remedy(advice % {"home": folder}, command)
    if not disk.f_bavail or (disk.f_files and not disk.f_favail):
        advice = _("The disk of %(home)s is full. Make room; this shows what is on it:")
        name = quote(folder)
        command = f"df -h {name}; df -i {name}; du -xsh {name}/* | sort -h | tail"
        return Remedy(advice % {"home": folder}, command)
    return None


def mail_remedy(home: str, folder: str = "") -> Remedy | None:
    """Do the same for all disks on which mail is stored, and for that of this folder."""
    folders = [home, *mounted_below(home), *([folder] if folder.startswith(f"{home}/") else [])]
    return next(filter(None, map(remedy, folders)), None)


def mounted_below(folder: str) -> list[str]:
    """Return the disks that are mounted somewhere in a folder, such as one for each domain."""
    try:
        lines = MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return []
    points = [line.split()[1].encode().decode("unicode_escape") for line in lines]
    home = str(Path(folder).resolve())
    return [point for point in points if point.startswith(f"{home}/")][:MAX_MOUNTS]


def queue_remedy() -> Remedy | None:
    """Do the same for Postfix's queue; its queue manager only looks again after a minute."""
    found = remedy(QUEUE)
    restarted = f"{found.command} && {restart_command('postfix')}" if found else ""
    return found._replace(command=restarted) if found and "remount" in restarted else found
