"""manage.py panelgrants"""

from typing import Any

from django.core.management.base import CommandError

from mailboxes.export.panel_grants import statements
from mailboxes.management.base import MailCommand


class Command(MailCommand):
    help = (
        "Print the SQL that gives the panel's own database accounts the passwords and rights that "
        ".env expects. Pipe it into the database's client on this machine: "
        "manage.py panelgrants | mariadb"
    )

    def handle(self, *args: object, **options: Any) -> None:
        if self.stdout.isatty():
            raise CommandError(
                "Nothing was printed: the statements contain passwords. Pipe them into the "
                "database's client: manage.py panelgrants | mariadb"
            )
        found = statements()
        if not found:
            raise CommandError(
                "Nothing was printed: neither DATABASE_URL nor MAIL_DATABASE_URL names a MySQL or "
                "MariaDB server on this machine."
            )
        self.stdout.write("\n".join(found))
