"""manage.py flush: Django's own, which leaves the tables of other programs alone.

It deletes table by table, so that triggers may count down in a lookup table that is empty already.
"""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import connections

from mailboxes.lookup_tables import tables as lookup_tables
from mailboxes.origin import foreign_tables


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        """Refuse to empty what the panel hasn't created."""
        if options["database"] == "mail" and (tables := foreign_tables()):
            raise CommandError(
                "Nothing was deleted: the mail database contains tables that the panel didn't "
                f"create ({', '.join(tables)}). Delete rows with the program that they belong to, "
                "or in the panel."
            )
        super().handle(**options)
        if options["database"] == "mail" and lookup_tables.are_kept():
            lookup_tables.fill_all(connections["mail"], lookup_tables.usage_is_kept())
