"""manage.py importmailboxes"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError, CommandParser

from mailboxes import actions
from mailboxes.actions.imports.rows import AliasRow, ImportRow
from mailboxes.adoption.mark import quota_megabyte
from mailboxes.conf import quota_multiplier
from mailboxes.formats import error_message
from mailboxes.management.arguments import integer
from mailboxes.management.importing import ImportCommand
from mailboxes.sizes import parse_size
from mailboxes.transfer.columns import SECRET, parse_columns
from mailboxes.transfer.csv_files import CsvFile
from mailboxes.transfer.formulas import neutralize


class Command(ImportCommand):
    help = (
        "Import domains, mailboxes and aliases from a CSV file, after a dry run that shows what "
        "would be done. The columns are recognized by their names; docs/import.md describes them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the CSV file")
        self.add_import_arguments(parser)
        parser.add_argument(
            "--columns",
            metavar="NAMES",
            help="what the columns contain, if their names don't say so, such as "
            "address,name,-,hash; a hyphen leaves a column out",
        )
        parser.add_argument(
            "--quota-unit",
            default="0",
            metavar="SIZE",
            help="the unit of quotas that have none, such as 1M or 1024000",
        )
        parser.add_argument(
            "--undo",
            type=integer,
            metavar="ENTRY",
            help="undo the import with this entry in the log, instead of importing",
        )

    def handle(self, *args: object, **options: Any) -> None:
        if options["undo"] is not None:
            self.undo(options["undo"])
            return
        path = options.pop("file")
        if path is None:
            raise CommandError("Missing argument: FILE. See manage.py importmailboxes --help.")
        try:
            self.path = path
            names = options["columns"]
            self.columns = None if names is None else parse_columns(names.split(","))
            self.unit = parse_size(options["quota_unit"]) or None
            self.import_source(self.rows, str(path), **options)
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}.") from error

    def rows(self) -> Iterator[ImportRow]:
        with self.path.open("rb") as file:
            yield from self.read(file).rows()

    def read(self, file: BinaryIO) -> CsvFile:
        return CsvFile(file, self.columns, self.unit, quota_multiplier(), quota_megabyte())

    def report_lines(self, texts: dict[str, str]) -> Iterator[Iterable[str]]:
        """Yield the file with one more column, and without passwords.

        The records of an alias are one row, which has the place of the first of them.
        """
        first: dict[str, str] = {}
        with self.path.open("rb") as file:
            read = self.read(file)
            secret = [column in SECRET for column in read.columns]
            if read.header:
                yield [*read.header, "result"]
            for record, row in read.records():
                cells = zip(record.cells, secret, strict=False)
                shown = ["" if is_secret else neutralize(cell) for cell, is_secret in cells]
                place = row.place if row else ""
                if isinstance(row, AliasRow):
                    own = first.setdefault(row.address.lower(), place)
                    place = place if place in texts else own
                yield [*shown, texts.get(place, "")]

    def undo(self, entry: int) -> None:
        after, continues, refused, done = 0, 0, 0, 0
        while True:
            result = actions.undo_import(self.actor, entry, after, continues)
            for name, error in result.refused:
                self.stdout.write(f"{name}: {error_message(error)}")
            for note in result.notes:
                self.stdout.write(error_message(note))
            refused, done = refused + len(result.refused), done + len(result.done)
            self.progress(refused + done)
            after, continues = result.following, result.entry
            if not after:
                break
        self.progress(0)
        self.stdout.write(f"Undone: {done}. Kept: {refused}.")
        if refused:
            raise CommandError("Not everything could be undone; see above.")
