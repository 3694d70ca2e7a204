"""manage.py backup"""

from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.audit.log import log_event, subject
from mailboxes.backup import files, write
from mailboxes.backup.archive import Manifest
from mailboxes.backup.tables import is_current, recorded
from mailboxes.formats import number, size
from mailboxes.management.arguments import integer, new_path
from mailboxes.management.backup_keys import add_passphrase_file, encryption_key
from mailboxes.management.base import MailCommand
from mailboxes.management.watching import mail

PREFIX = "mailadmin-"


class Command(MailCommand):
    help = (
        "Write both databases and the settings, with their secrets, to a new file that only you "
        "can read, and verify it. The panel and the mail daemons keep running. Tables of other "
        "programs are left out. `restore` is the way back, into any kind of database."
    )
    retry_hint = "No backup was made. Correct this, then run the command again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            type=new_path,
            metavar="FILE",
            help="a new file, or a folder, where it is named by date and time",
        )
        parser.add_argument(
            "--keep",
            type=integer,
            metavar="NUMBER",
            help="if FILE is a folder, delete all but the latest NUMBER backups in it",
        )
        parser.add_argument(
            "--panel-only",
            action="store_true",
            help="leave out the mail database, for instance if it is backed up by other means",
        )
        parser.add_argument(
            "--recipient",
            action="append",
            metavar="KEY",
            help="encrypt for the owner of this public key of age (age1…); can be repeated",
        )
        parser.add_argument(
            "--passphrase", action="store_true", help="ask for a passphrase, and encrypt with it"
        )
        add_passphrase_file(parser)
        parser.add_argument(
            "--mail-errors",
            action="store_true",
            help="if it fails, mail that to ADMINS, as the timer does",
        )

    def execute(self, *args: object, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except CommandError as error:
            if options["mail_errors"]:
                mail(f"{gethostname()}: the backup failed", f"{error}\n")
            raise

    def handle(self, *args: object, **options: Any) -> None:
        place, keep = options["file"], options["keep"]
        if keep is not None and (keep < 1 or not place.is_dir()):
            raise CommandError("--keep requires a folder, and a number of at least 1.")
        key = encryption_key(options)
        aliases = write.databases(options["panel_only"])
        path = place / new_name(bool(key)) if place.is_dir() else place
        manifest = write.new_manifest()
        files.write(path, write.write(aliases, manifest), key)
        if is_current("default"):  # before an upgrade, the log may be that of an older version
            log_event(self.actor, "panel.backup", subject("file", str(path)))
        self.report(path, manifest)
        if keep:
            self.delete_older(place, keep)

    def report(self, path: Path, manifest: Manifest) -> None:
        rows = sum(sum(database.rows.values()) for database in manifest.databases.values())
        self.stdout.write(
            f"Wrote {path} ({size(path.stat().st_size)}, {number(rows)} rows) and verified it."
        )
        if others := sorted({app for app, _name in recorded("default")[1]}):
            self.stdout.write(
                f"It doesn't contain the tables of {', '.join(others)}, which this version of the "
                "panel doesn't have."
            )
        if "mail" not in manifest.databases:
            self.stdout.write("It doesn't contain the mail database. Back that up as well.")

    def delete_older(self, folder: Path, keep: int) -> None:
        for old in sorted(folder.glob(f"{PREFIX}*.tar.gz*"), reverse=True)[keep:]:
            old.unlink()
            self.stdout.write(f"Deleted {old}.")
        files.delete_partial(folder)


def new_name(is_encrypted: bool) -> str:
    now = datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    return f"{PREFIX}{now}.tar.gz" + ".age" * is_encrypted
