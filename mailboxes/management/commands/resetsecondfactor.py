"""manage.py resetsecondfactor"""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from mailboxes.audit.refusals import storable
from mailboxes.errors import replace_unprintable
from mailboxes.management.base import MailCommand
from mailboxes.second_factor import factors


class Command(MailCommand):
    help = (
        "Remove the second factor and the recovery codes of an administrator who has lost them, "
        "such as the only superuser. The password is kept and is enough for the next sign-in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the administrator's username")

    def handle(self, *args: object, **options: Any) -> None:
        user = User.objects.filter(username=storable(options["name"])).first()
        if user is None:
            name = replace_unprintable(options["name"])
            raise CommandError(f"There is no administrator called {name}.")
        factors.reset(self.actor, user)
        self.stdout.write(f"Reset the second factor of {user}.")
