"""manage.py flush: Django's own, which leaves the tables of other programs alone."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import flush

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
