"""Disks that take no mail: full, or only to be read."""

import os
from pathlib import Path
from shlex import quote

from mailboxes.conf import MailHost
from mailboxes.doctor.mounts import MOUNTS, points
from mailboxes.doctor.remedies import Remedy, restart_readers
from mailboxes.texts import gettext as _

QUEUE = "/var/spool/postfix/incoming"
MAX_MOUNTS = 100


def remedy(folder: str, restarted: str = "systemctl restart postfix") -> Remedy | None:
    """Name a disk that is full, or that can only be read, as after an error of its hardware.

    Daemons with a namespace of their own only see once they are restarted that it can be written.
    """
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
        return Remedy(advice % {"home": folder}, f"{command} && {restarted}")
    if not disk.f_bavail or (disk.f_files and not disk.f_favail):
        advice = _("The disk of %(home)s is full. Make room; this shows what is on it:")
        name = quote(folder)
        command = f"df -h {name}; df -i {name}; du -xsh {name}/* | sort -h | tail"
        return Remedy(advice % {"home": folder}, command)
    return None


def mail_remedies(host: MailHost) -> dict[str, Remedy]:
    """Do the same for all disks on which mail is stored; return what helps, by their folders."""
    folders = [host.home, *mounted_below(host.home)]
    found = {folder: remedy(folder, restart_readers(host)) for folder in folders}
    return {folder: each for folder, each in found.items() if each}


def mounted_below(folder: str) -> list[str]:
    """Return the disks that are mounted somewhere in a folder, such as one for each domain."""
    home = str(Path(folder).resolve())
    return [point for point in points(MOUNTS) if point.startswith(f"{home}/")][:MAX_MOUNTS]


def queue_remedy() -> Remedy | None:
    """Do the same for Postfix's queue; its queue manager only looks again after a minute."""
    return remedy(QUEUE)
