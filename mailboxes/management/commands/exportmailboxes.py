"""manage.py exportmailboxes"""

import os
import sys
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.addresses import DomainName
from mailboxes.management.arguments import new_path
from mailboxes.management.base import MailCommand
from mailboxes.management.new_file import write
from mailboxes.models import Domain
from mailboxes.transfer.csv_export import export_tables


class Command(MailCommand):
    help = (
        "Write all domains, mailboxes, aliases and alias domains to a new CSV file that only you "
        "can read. Importing it gives the same tables again. Passwords are left out, unless "
        "you ask for their hashes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=new_path, metavar="FILE", help="a new file, or - for standard output"
        )
        parser.add_argument("--domain", metavar="NAME", help="only this domain")
        parser.add_argument(
            "--hashes",
            action="store_true",
            help="include the password hashes, with which mailboxes can be moved to "
            "another host; keep the file as safe as the database",
        )

    def handle(self, *args: object, **options: Any) -> None:
        path, domain = options["file"], options["domain"]
        if domain is not None:
            domain = str(DomainName.parse(domain))
            if not Domain.objects.filter(pk=domain).exists():
                raise CommandError(f"{domain} is not a domain of this host.")
        pieces = export_tables(self.actor, str(path), domain or "", options["hashes"])
        if str(path) == "-":
            self.print_until_closed(pieces)
        else:
            write(pieces, path)
            self.stdout.write(f"Wrote {path}.")

    def print_until_closed(self, pieces: Iterable[str]) -> None:
        try:
            for piece in pieces:
                self.stdout.write(piece, ending="")
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
