"""manage.py rebuildlookups: create the lookup tables' triggers anew, and fill the tables."""

from typing import Any

from django.core.management.base import CommandError
from django.db import connections

from mailboxes.lookup_tables import tables
from mailboxes.management.base import MailCommand
from mailboxes.origin import foreign_tables


class Command(MailCommand):
    help = (
        "Fill the panel's lookup tables (docs/scale.md) again, and create their triggers. Needed "
        "after the mail tables were restored without triggers, or changed while there were none. "
        "Lookup tables that are missing are created."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if foreign_tables():
            raise CommandError(
                "Nothing was changed: the mail tables are those of another program. The panel adds "
                "no tables and no triggers to them."
            )
        tables.restore_missing(connections["mail"])
        if not tables.create(connections["mail"]):
            raise CommandError(f"{tables.DENIED_TEXT} Then run this again.")
        self.stdout.write("The lookup tables were filled, and their triggers created.")
