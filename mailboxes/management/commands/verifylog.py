"""manage.py verifylog"""

import re
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.actions.interrupted import settle_open_entries
from mailboxes.audit import chain
from mailboxes.audit.models import Head
from mailboxes.errors import replace_unprintable
from mailboxes.management.base import MailCommand


class Command(MailCommand):
    help = (
        "Check that no entry of the log was changed, removed or cut off, and determine the outcome "
        "of interrupted actions; renamings are completed. The exit status is 0 if the log is "
        "intact, otherwise 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head",
            type=log_head,
            metavar="SEQ:MAC",
            help="an entry from the journal that must still be in the log",
        )

    def handle(self, *args: object, **options: Any) -> None:
        if fault := chain.verify(options["head"] or ""):
            raise CommandError(f"Entry {fault.seq} of the log {fault.reason}.")
        if settled := settle_open_entries():
            self.stdout.write(f"Interrupted actions checked against the tables: {settled}.")
        head = Head.objects.first()
        last = f"Its last entry is {head}." if head else "It has no entries yet."
        self.stdout.write(f"The log is intact. {last}")


def log_head(text: str) -> str:
    """Return SEQ:MAC as the journal contains it."""
    if not re.fullmatch(r"[0-9]{1,18}:[0-9a-f]{64}", text):
        raise CommandError(
            f"“{replace_unprintable(text)}” is not a valid log head. Copy the part SEQ:MAC from a "
            "line “log head SEQ:MAC” in the journal."
        )
    return text
