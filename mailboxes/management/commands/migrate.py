"""manage.py migrate: Django's own, which leaves the tables of other programs alone."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import DatabaseError

from mailboxes import queries
from mailboxes.adoption.mark import find_adoption, host_warning
from mailboxes.adoption.models import Adoption
from mailboxes.lookup_models import DomainCount
from mailboxes.lookup_tables import tables as lookup_tables
from mailboxes.origin import foreign_tables


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse to create, remove or mark as migrated what the panel hasn't created."""
        tables = foreign_tables() if options["database"] == "mail" else []
        if not tables:
            super().handle(*args, **options)
            self.warn_of_missing_triggers(**options)
        elif (adoption := known_adoption()) and not options["app_label"] and not options["fake"]:
            self.stdout.write("The mail database was adopted, so nothing is migrated there.")
            if warning := host_warning(adoption):
                self.stdout.write(f"Warning: {warning}")
        else:
            raise CommandError(
                "Nothing was migrated: the mail database contains tables that the panel didn't "
                f"create ({', '.join(tables)}). To see whether the panel can use them as they are, "
                "run: .venv/bin/python manage.py adopt"
            )

    def warn_of_missing_triggers(self, **options: Any) -> None:
        """Say that a migration could not create the triggers, which its end doesn't show."""
        if options["database"] != "mail" or options["app_label"] or options["plan"]:
            return
        if DomainCount._meta.db_table in queries.tables() and not lookup_tables.are_kept():
            self.stdout.write(
                f"Warning: {lookup_tables.DENIED_TEXT} Then run: .venv/bin/python manage.py "
                "rebuildlookups"
            )


def known_adoption() -> Adoption | None:
    try:
        return find_adoption()
    except DatabaseError:  # the panel's own database has no tables yet
        return None
