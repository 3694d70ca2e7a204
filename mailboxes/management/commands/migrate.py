"""manage.py migrate: Django's own, which leaves the tables of other programs alone."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate

from mailboxes.origin import foreign_tables


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse to create, remove or mark as migrated what the panel hasn't created."""
        tables = foreign_tables() if options["database"] == "mail" else []
        if tables:
            raise CommandError(
                "Nothing was migrated: the mail database contains tables that the panel didn't "
                f"create ({', '.join(tables)}). To see whether the panel can use them as they are, "
                "run: .venv/bin/python manage.py adopt"
            )
        super().handle(*args, **options)
