"""manage.py prunelog"""

from datetime import UTC, datetime, time
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_date
from django.utils.translation import ngettext

from mailboxes.audit import chain
from mailboxes.audit.archive import prune
from mailboxes.audit.log import log_event, subject
from mailboxes.errors import replace_unprintable
from mailboxes.formats import number
from mailboxes.management.arguments import new_path
from mailboxes.management.base import MailCommand


class Command(MailCommand):
    help = (
        "Move old entries of the log into a file, after checking that the log is intact. The file "
        "has one JSON object per line, and only its owner can read it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before",
            required=True,
            metavar="DATE",
            help="move the entries logged before this day (UTC), such as 2026-01-31",
        )
        parser.add_argument("--to", type=new_path, required=True, metavar="FILE", help="a new file")

    def handle(self, *args: object, **options: Any) -> None:
        before, path = day(options["before"]), options["to"]
        if fault := chain.verify():
            raise CommandError(
                f"Entry {fault.seq} of the log {fault.reason}. Nothing was archived. Keep "
                "the log as evidence."
            )
        count = prune(before, path)
        if not count:
            self.stdout.write(
                f"Nothing to archive: no finished action was logged before {before:%Y-%m-%d}."
            )
            return
        entries = ngettext("%(count)s entry", "%(count)s entries", count) % {"count": number(count)}
        log_event(self.actor, "log.prune", subject("file", str(path)), text=entries)
        self.stdout.write(f"Archived {entries} in {path}.")


def day(text: str) -> datetime:
    """Return the start of a day in UTC."""
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(
            f"“{replace_unprintable(text)}” is not a valid date. Example: 2026-01-31."
        )
    return datetime.combine(found, time(), UTC)
