"""manage.py restore"""

from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.audit import chain
from mailboxes.audit.log import log_event, subject
from mailboxes.backup import archive, files, restore, settings_file
from mailboxes.backup.archive import Manifest
from mailboxes.formats import number
from mailboxes.management.arguments import new_path
from mailboxes.management.backup_keys import add_passphrase_file, decryption_key
from mailboxes.management.base import MailCommand
from mailboxes.panel import env_file, secret_keys, use_secret_key


class Command(MailCommand):
    help = (
        "Restore a backup into databases that are empty, apart from the first administrator. "
        "Either everything is restored or nothing. A backup of an older version is migrated. Stop "
        "the panel first, and start it again afterwards."
    )

    retry_hint = "Nothing was restored. Correct this, then run the command again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=new_path, metavar="FILE", help="a backup")
        parser.add_argument(
            "--check", action="store_true", help="only verify that the file is whole"
        )
        parser.add_argument(
            "--replace", action="store_true", help="replace what is in the databases"
        )
        parser.add_argument(
            "--panel-only", action="store_true", help="leave the mail database as it is"
        )
        parser.add_argument(
            "--take-settings",
            action="store_true",
            help="take the settings of the backup, except where the databases are; the old ones "
            f"are kept beside them (.env{settings_file.OLD})",
        )
        parser.add_argument(
            "--keep-settings",
            action="store_true",
            help="keep the settings, even if the log and second factors become useless",
        )
        parser.add_argument(
            "--no-migrate",
            action="store_true",
            help="leave the tables as they were in the backup's version",
        )
        parser.add_argument(
            "--identity", type=new_path, metavar="PATH", help="the file with the secret key of age"
        )
        add_passphrase_file(parser)

    def handle(self, *args: object, **options: Any) -> None:
        path = options["file"]
        if options["take_settings"] and options["keep_settings"]:
            raise CommandError("Use either --take-settings or --keep-settings, not both.")
        with files.opened(path, decryption_key(path, options)) as file:
            manifest = archive.examine(file)
            self.describe(path, manifest)
            if not options["check"]:
                self.restore(file, manifest, options)

    def describe(self, path: Path, manifest: Manifest) -> None:
        names = " and ".join(restore.NAMES[alias] for alias in manifest.databases)
        self.stdout.write(
            f"{path} is whole. It was made on {manifest.created[:16].replace('T', ' at ')} UTC by "
            f"mailadmin {manifest.version} on {manifest.host}, and contains {names}."
        )

    def restore(self, file: IO[bytes], manifest: Manifest, options: dict[str, Any]) -> None:
        aliases = [
            alias for alias in manifest.databases if alias == "default" or not options["panel_only"]
        ]
        settings = next(
            (data for name, data in archive.read(file) if name == archive.SETTINGS), b""
        )
        new = self.new_settings(settings.decode(), options)
        restore.check(aliases, manifest, options["replace"])
        restore.restore(aliases, manifest, file)
        if new:
            settings_file.write(env_file(), new)
            use_secret_key(settings_file.values(new))
            self.stdout.write(f"Wrote {env_file()}.")
        if not options["no_migrate"]:
            self.retry_hint = "The backup was restored. To complete it: ./deploy/run --setup"
            restore.migrate(aliases)
            log_event(self.actor, "panel.restore", subject("file", str(options["file"])))
            self.report(aliases, manifest)

    def new_settings(self, theirs: str, options: dict[str, Any]) -> str:
        """Return the settings to write, if any; refuse if those that are there don't fit."""
        path = env_file()
        if not theirs:
            return ""
        if not path.exists():
            return theirs
        ours = path.read_text()
        names = settings_file.differing(ours, theirs)
        if not names:
            return ""
        if options["take_settings"]:
            return settings_file.combined(ours, theirs)
        if "SECRET_KEY" in names and not options["keep_settings"]:
            key = settings_file.values(theirs).get("SECRET_KEY")
            if key not in secret_keys():
                raise CommandError(
                    "Nothing was restored: the backup has another SECRET_KEY than this panel, with "
                    "which its log couldn't be verified and second factors wouldn't work. To take "
                    "over its settings, except where the databases are, use --take-settings."
                )
        self.stdout.write(
            f"These settings in {path} differ from the backup's and stay as they are: "
            f"{', '.join(names)}."
        )
        return ""

    def report(self, aliases: list[str], manifest: Manifest) -> None:
        rows = sum(sum(manifest.databases[alias].rows.values()) for alias in aliases)
        self.stdout.write(f"Restored {number(rows)} rows.")
        if fault := chain.verify():
            self.stderr.write(
                f"Entry {fault.seq} of the restored log {fault.reason}. If SECRET_KEY was changed, "
                "add the old one to SECRET_KEY_FALLBACKS."
            )
        else:
            self.stdout.write(
                "The log is intact. Administrators sign in as they did when the backup was made."
            )
