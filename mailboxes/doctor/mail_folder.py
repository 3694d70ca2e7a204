"""What lets mail be stored again where the daemons can't write."""

from pathlib import Path
from shlex import quote

from mailboxes.conf import MailHost
from mailboxes.doctor import disks
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import Remedy
from mailboxes.texts import gettext as _


def open_folder(examination: Examination) -> Remedy:
    """Say what keeps mail from being stored: the disk, or the rights on the folder."""
    full = disks.mail_remedies(examination.host)
    return next(iter(full.values()), None) or own_folder(examination.host)


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
