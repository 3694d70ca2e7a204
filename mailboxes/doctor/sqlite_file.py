"""The file of an SQLite database: it is there, the daemons can read it, and nobody locks it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shlex import quote

from django.db import connections

from mailboxes.conf import MailHost
from mailboxes.doctor import backups, paths
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART_BOTH,
    CREATE,
    Remedy,
    restart_readers,
)
from mailboxes.doctor.words import quoted
from mailboxes.formats import database_message
from mailboxes.texts import gettext as _

DELETE_MODE = "PRAGMA journal_mode=DELETE"
READERS = {"postfix": "--init-groups", "dovecot": "--groups=mailauth"}
"""Dovecot's worker has this group besides its own (extra_groups)."""


def examine(
    examination: Examination, own_account: Callable[[MailHost], Finding]
) -> Iterator[Finding]:
    path = examination.host.database.name
    if connections["mail"].connection is None and not Path(path).exists():
        # Connecting to it would create it.
        seen = _("The database %(path)s doesn't exist.") % {"path": path}
        advice = _("Correct its path in .env (MAIL_DATABASE_URL), or restore it from a backup.")
        yield broken("database.file", seen, Remedy(advice))
        return
    yield own_account(examination.host)
    if examination.access.sees_all and Path(path).exists():
        yield from check_readers(examination, path)


def check_readers(examination: Examination, path: str) -> Iterator[Finding]:
    for user, groups in READERS.items():
        if not (closed := paths.closed(examination, user, path, groups)):
            continue
        params = {"user": user, "path": path, "closed": closed}
        seen = _("The user %(user)s can't read the database %(path)s: %(closed)s doesn't allow it.")
        remedy = APPLY_AND_RESTART_BOTH
        if closed not in (path, str(Path(path).parent)):
            advice = _("Let all users of this machine pass through this folder:")
            readers = restart_readers(examination.host)
            remedy = Remedy(advice, f"chmod a+x {quote(closed)} && {readers}")
        yield broken("database.unreadable", seen % params, remedy)
        return


def explain(host: MailHost, error: BaseException) -> Finding:
    params = {"path": host.database.name, "error": quoted(database_message(error))}
    if "locked" in params["error"] and (holder := paths.holder(host.database.name)):
        pid, name = holder
        seen = _("The database %(path)s is locked by %(name)s (process %(pid)s).")
        advice = _("If it isn't about to end by itself, end it:")
        remedy = Remedy(advice, f"kill {pid} && {restart_readers(host)}")
        return broken("database.locked", seen % (params | {"name": name, "pid": pid}), remedy)
    if "no such table" in params["error"]:
        return without_tables(host)
    if "locked" in params["error"] and is_in_wal_mode(host.database.name):
        return in_wal_mode(host)
    seen = _("The panel can't read the database %(path)s: %(error)s.")
    advice = _(
        "Check its owner, its mode and the disk. If it is damaged, restore it from a backup."
    )
    return broken("database.panel", seen % params, Remedy(advice))


def without_tables(host: MailHost) -> Finding:
    """Name a file that is empty, as after a disk was full, or that isn't this database."""
    path = Path(host.database.name)
    seen = _("The database %(path)s has none of the mail tables.")
    if path.exists() and not path.stat().st_size:
        seen = _("The database %(path)s is empty: the file has 0 bytes.")
    advice = _(
        "Restore it from a backup. If there is none, create the tables, which are then empty:"
    )
    remedy = Remedy(advice, f"{CREATE.command} && {restart_readers(host)}")
    if newest := backups.newest():
        remedy = backups.restore(host, newest)
    return broken("database.tables", seen % {"path": path}, remedy)


def is_in_wal_mode(path: str) -> bool:
    """Say whether the file's header has the versions of a write-ahead log."""
    try:
        with Path(path).open("rb") as file:
            return file.read(20)[18:] == b"\2\2"
    except OSError:
        return False


def in_wal_mode(host: MailHost) -> Finding:
    """Name the mode that another program has set: only who may write can then read."""
    seen = _(
        "The database %(path)s is locked: another program has set its journal mode to WAL, which "
        "the panel can't undo while daemons have it open."
    )
    daemons = restart_readers(host).removeprefix("systemctl restart ")
    code = f"import sqlite3; sqlite3.connect({host.database.name!r}).execute({DELETE_MODE!r})"
    command = f"systemctl stop {daemons}; python3 -c {quote(code)}; systemctl start {daemons}"
    advice = _("Stop them for a moment, and set it back:")
    return broken("database.wal", seen % {"path": host.database.name}, Remedy(advice, command))
