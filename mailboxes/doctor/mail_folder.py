"""What lets mail be stored again where the daemons can't write."""

import re
from collections.abc import Iterable
from pathlib import Path
from shlex import quote

from mailboxes.conf import MailHost
from mailboxes.doctor import disks, mounts
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import Remedy
from mailboxes.texts import gettext as _


def open_folder(examination: Examination) -> Remedy:
    """Say what lets mail be stored again: its disk, or the rights on the folder."""
    host = examination.host
    if full := disks.mail_remedies(host):
        return next(iter(full.values()))
    if not examination.access.sees_all:
        return own_folder(host)
    if unmounted := next(mounts.examine(host), None):
        return unmounted.remedy
    home = Path(host.home)
    return own_folder(host) if home.exists() or home.is_symlink() else create_folder(host)


def create_folder(host: MailHost) -> Remedy:
    """Return what creates an empty folder, but not without a word: mail may be elsewhere."""
    home = quote(host.home)
    advice = _(
        "%(home)s doesn't exist. If mail was there before, move it back or mount its disk, or its "
        "owners won't see it. On a new host, create the folder:"
    )
    command = f"mount -a; mkdir -p -m 0750 {home} && chown {host.uid}:{host.gid} {home}"
    return Remedy(advice % {"home": host.home}, command)


def after_refusal(examination: Examination, reasons: Iterable[str]) -> Remedy | None:
    """Return what helps if mail waits since its user may not write somewhere below the folder."""
    closed = re.compile(rf"{re.escape(examination.host.home)}/\S*: Permission denied")
    if not any(map(closed.search, reasons)):
        return None
    remedy = open_folder(examination)
    return remedy._replace(command=f"{remedy.command} && postqueue -f")


def own_folder(host: MailHost) -> Remedy:
    home = quote(host.home)
    path = Path(host.home)
    if path.is_symlink() and not path.exists():
        advice = _(
            "%(home)s is a link to a folder that doesn't exist. If that is on another disk, it "
            "isn't mounted. Mount it or, if there is none, create the folder:"
        )
        command = (
            f'mount -a; f="$(readlink -m {home})"; '
            f'mkdir -p -m 0750 "$f" && chown {host.uid}:{host.gid} "$f"'
        )
        return Remedy(advice % {"home": host.home}, command)
    command = (
        f"mkdir -p -m 0750 {home} && chown -R {host.uid}:{host.gid} {home} && chmod -R u+rwX {home}"
    )
    advice = _("Make the user %(uid)s the owner of all files in %(home)s again:")
    return Remedy(advice % {"uid": host.uid, "home": host.home}, command)
