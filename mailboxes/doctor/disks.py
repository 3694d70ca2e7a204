"""Disks that take no mail: full, or only to be read."""

import os
from shlex import quote

from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

QUEUE = "/var/spool/postfix/incoming"


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


def queue_remedy() -> Remedy | None:
    """Do the same for Postfix's queue; its queue manager only looks again after a minute."""
    found = remedy(QUEUE)
    restarted = f"{found.command} && {restart_command('postfix')}" if found else ""
    return found._replace(command=restarted) if found and "remount" in restarted else found
