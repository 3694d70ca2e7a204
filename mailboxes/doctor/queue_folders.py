"""The folders in which Postfix's programs meet: their owners and groups."""

import grp
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import APPLY_AND_RESTART, Remedy, restart_command
from mailboxes.texts import gettext as _

QUEUE = Path("/var/spool/postfix")
DATA = Path("/var/lib/postfix")
NSSWITCH = Path("/etc/nsswitch.conf")
ADD_FILES = r"/^(passwd|group):/{/\bfiles\b/!s/:/: files/}"
"""For sed: other sources, such as ldap, stay."""

OWNED = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private"),
    *("saved", "trace", "public", "maildrop"),
)
GROUPED = ("public", "maildrop")
DEVICES = (Path("/dev/null"), Path("/dev/urandom"))
USER, GROUP = "postfix", "postdrop"
CREATE_USER = (
    f"addgroup --system {GROUP}; "
    f"adduser --system --group --no-create-home --home {QUEUE} {USER}; postfix set-permissions; "
    f"find {QUEUE} -nouser -exec chown {USER} {{}} +; chown -R {USER}:{USER} {DATA}"
)
"""A new user may have another number."""


def devices() -> Iterator[Finding]:
    """Name devices that only root may use; many programs then fail in odd ways."""
    closed = [str(path) for path in DEVICES if path.exists() and not is_open(path)]
    if closed:
        seen = _("Only some users may read and write %(names)s, which programs of all users need.")
        command = f"chmod 0666 {' '.join(closed)} && {restart_command('postfix')}"
        remedy = Remedy(_("Let all of them do so again:"), command)
        yield broken("maps.devices", seen % {"names": ", ".join(closed)}, remedy)


def is_open(path: Path) -> bool:
    return path.stat().st_mode & 0o666 == 0o666


def examine() -> Iterator[Finding]:
    """Name those that Postfix couldn't use; it only warns of them in its log, when it starts."""
    yield from devices()
    try:
        user, group = pwd.getpwnam(USER).pw_uid, grp.getgrnam(GROUP).gr_gid
    except KeyError:
        yield unknown_user()
        return
    folders = [*(QUEUE / name for name in OWNED), DATA]
    files = list(DATA.iterdir()) if DATA.is_dir() and os.access(DATA, os.R_OK) else []
    named = [str(path) for path in (*folders, *files) if is_foreign(path, user, group)]
    if not named:
        return
    seen = _("Folders of Postfix have another owner or group than it needs.")
    command = (
        f"postfix set-permissions; chown -R {USER}:{USER} {DATA}; {restart_command('postfix')}"
    )
    remedy = Remedy(_("Give them back to Postfix, then restart it:"), command)
    yield broken("maps.owner", seen, remedy, "\n".join(named))


def unknown_user() -> Finding:
    """Say why there is no such user: in /etc/nsswitch.conf, its source may be missing."""
    seen = _("The system knows no user %(user)s or no group %(group)s, as which Postfix runs.")
    seen %= {"user": USER, "group": GROUP}
    if names_files(NSSWITCH):
        advice = _("Create them again as Debian's package does, and give them Postfix's files:")
        return broken(
            "maps.user", seen, Remedy(advice, f"{CREATE_USER}; {APPLY_AND_RESTART.command}")
        )
    return broken("maps.user", seen, add_files())


def add_files() -> Remedy:
    advice = _("Add the source “files” to passwd and group in /etc/nsswitch.conf again:")
    services = f"systemctl try-restart dovecot saslauthd; {restart_command('postfix')}"
    return Remedy(advice, f"sed -i -E '{ADD_FILES}' {NSSWITCH}; {services}")


def names_files(path: Path) -> bool:
    """Say whether users and groups are looked up in /etc/passwd and /etc/group."""
    try:
        lines = [line.split() for line in path.read_text(errors="replace").splitlines()]
    except OSError:
        return True
    sources = {words[0]: words[1:] for words in lines if words}
    return all("files" in sources.get(name, ["files"]) for name in ("passwd:", "group:"))


def is_foreign(folder: Path, user: int, group: int) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    has_group = found.st_gid == group and bool(found.st_mode & 0o010)
    return found.st_uid != user or (folder.name in GROUPED and not has_group)
