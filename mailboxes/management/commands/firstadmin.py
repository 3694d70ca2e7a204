"""manage.py firstadmin"""

from typing import Any

from django.contrib.auth import get_user_model

from mailboxes.management.base import DeedCommand
from mailboxes.passwords.generate import generate_password


class Command(DeedCommand):
    help = (
        "Create the first administrator, `admin`, and print the generated password once; "
        "do nothing when there is one already."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()._default_manager
        if users.filter(is_superuser=True).exists():
            return
        password = generate_password()
        users.create_superuser("admin", password=password)
        self.stdout.write("Created the first administrator. Note the password, shown this once:")
        self.stdout.write(f"  user name  admin\n  password   {password}")
