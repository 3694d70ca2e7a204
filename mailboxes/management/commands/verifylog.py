"""manage.py verifylog"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.actions.interrupted import settle_open_entries
from mailboxes.audit import chain
from mailboxes.audit.models import Head
from mailboxes.management.base import MailCommand


class Command(MailCommand):
    help = (
        "Check that no entry of the log was changed, removed or cut off, and determine the outcome "
        "of interrupted actions. The exit status is 0 if the log is intact, otherwise 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            default="",
            metavar="SEQ:MAC",
            help="an entry from the journal that must still be in the log",
        )

    def handle(self, *args: object, **options: Any) -> None:
        if fault := chain.verify(options["head"]):
            raise CommandError(f"Entry {fault.seq} of the log {fault.reason}.")
        if settled := settle_open_entries():
            self.stdout.write(f"Interrupted actions checked against the tables: {settled}.")
        self.stdout.write(f"The log is intact. Its last entry is {Head.objects.first() or 'none'}.")
