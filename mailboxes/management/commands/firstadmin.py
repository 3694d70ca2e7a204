"""manage.py firstadmin"""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError

from mailboxes import actions
from mailboxes.access.roles import Role
from mailboxes.management.base import MailCommand
from mailboxes.passwords.generate import generate_password

NAME = "admin"


class Command(MailCommand):
    help = (
        "Create the first administrator, `admin`, and print the generated password once. Do "
        "nothing if a superuser already exists who can sign in."
    )

    def handle(self, *args: object, **options: Any) -> None:
        users = User.objects.all()
        superusers = users.filter(is_superuser=True, is_active=True)
        if any(user.has_usable_password() for user in superusers):
            return
        if users.filter(username=NAME).exists():
            raise CommandError(
                f"There is no superuser, and the existing administrator {NAME} doesn't have "
                "superuser status. Create a superuser with another name: manage.py createsuperuser"
            )
        password = generate_password()
        assignment = actions.RoleAssignment(Role.SUPERUSER)
        actions.create_administrator(self.actor, User(username=NAME), password, assignment)
        self.stdout.write("Created the first administrator. The password is shown only once:")
        self.stdout.write(f"  username  {NAME}\n  password  {password}")
