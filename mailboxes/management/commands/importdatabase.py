"""manage.py importdatabase"""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from getpass import getpass
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.actions.imports.rows import ImportRow
from mailboxes.management.arguments import choices, one_of
from mailboxes.management.importing import ImportCommand
from mailboxes.management.lines import line_text
from mailboxes.passwords.dovecot_schemes import PREFIXED_SCHEMES
from mailboxes.sizes import parse_size
from mailboxes.transfer.databases.products import READERS, find_reader
from mailboxes.transfer.databases.source import Source, has_accounts, parse_url

VARIABLE = "SOURCE_DATABASE_PASSWORD"


class Command(ImportCommand):
    help = (
        "Import domains, mailboxes and aliases from the database of another program, after a dry "
        "run that shows what would be done. The other database is only read. You are asked for "
        f"the password of its account, unless {VARIABLE} is set in the environment. "
        "docs/import/README.md describes each source."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "url",
            metavar="URL",
            help="the database, as mysql://user@host/database or sqlite:////path/to/file",
        )
        parser.add_argument(
            "--product",
            type=one_of("product", READERS),
            metavar=choices(READERS),
            help="the program that the tables belong to, if they don't show it",
        )
        parser.add_argument(
            "--prefix",
            default="",
            metavar="TEXT",
            help="only use tables whose names begin with this, such as pfx_",
        )
        parser.add_argument(
            "--quota-unit",
            default="0",
            metavar="SIZE",
            help="the unit of the quotas, such as 1M or 1024000, instead of the program's own",
        )
        parser.add_argument(
            "--default-scheme",
            type=one_of("scheme", PREFIXED_SCHEMES),
            metavar="SCHEME",
            help="the scheme of passwords without {SCHEME}, as in Dovecot's default_pass_scheme; "
            "PLAIN means clear text, which is hashed",
        )
        self.add_import_arguments(parser)

    def handle(self, *args: object, **options: Any) -> None:
        url = options.pop("url")
        database, unit = parse_url(url), parse_size(options["quota_unit"])
        password = read_password() if has_accounts(database) else ""
        with closing(Source(database, password, options["prefix"])) as self.source:
            self.reader = find_reader(self.source, options["product"] or "")
            self.options = self.reader.options(unit, options["default_scheme"] or "")
            self.stdout.write(f"Tables of: {self.reader.product}")
            self.import_source(self.rows, url, **options)

    def rows(self) -> Iterator[ImportRow]:
        with self.source.snapshot():
            yield from self.reader.read(self.source, self.options)

    def print_losses(self) -> None:
        found = self.reader.find_losses(self.source)
        if found:
            self.stdout.write("\n".join(["Not imported:", *map(line_text, found)]))
        for note in self.reader.notes:
            self.stdout.write(note)


def read_password() -> str:
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise CommandError(
            "The password can't be asked for, because standard input is not a terminal. Set "
            f"{VARIABLE} in the environment."
        )
    try:
        return getpass("Password of the other database: ")
    except (EOFError, KeyboardInterrupt) as error:
        raise CommandError("No password was entered. Nothing was imported.") from error
