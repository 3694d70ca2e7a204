"""The newest backup on this machine, and how it is restored."""

from pathlib import Path
from shlex import quote

from mailboxes.conf import MailHost
from mailboxes.doctor.remedies import Remedy, restart_readers
from mailboxes.texts import gettext as _

BACKUPS = Path("/var/backups/mailadmin")
"""Where the timer puts them, if its unit wasn't changed."""


def newest() -> Path | None:
    found = sorted(BACKUPS.glob("*.tar.gz*"), key=lambda each: each.stat().st_mtime)
    return found[-1] if found else None


def restore(host: MailHost, backup: Path) -> Remedy:
    advice = _("Restore the newest backup, also of the panel's own tables (docs/backup.md):")
    command = f".venv/bin/python manage.py restore --replace {quote(str(backup))}"
    return Remedy(advice, f"{command} && {restart_readers(host)}")
