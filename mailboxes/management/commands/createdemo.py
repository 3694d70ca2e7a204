"""manage.py createdemo"""

from typing import Any

from mailboxes import deeds
from mailboxes.addresses import Address, DomainName
from mailboxes.management.deed import DeedCommand
from mailboxes.models import Domain
from mailboxes.passwords import generate_password

PEOPLE = {
    "anna": "Anna Berg",
    "bob": "Bob Castle",
    "chris": "Chris Dale",
    "dora": "Dora Ebner",
}


class Command(DeedCommand):
    help = "Create example.org and example.net with mailboxes and an alias, where not there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("example.org", "example.net"):
            if Domain.objects.filter(pk=name).exists():
                continue
            deeds.create_domain(DomainName.parse(name), description="A domain to try things on")
            self.stdout.write(f"Created {name} with these mailboxes:")
            for local_part, person in PEOPLE.items():
                address, password = Address.parse(f"{local_part}@{name}"), generate_password()
                deeds.create_mailbox(address, password, name=person, quota=2**30)
                self.stdout.write(f"  {address}  {password}")
            deeds.create_alias(Address.parse(f"info@{name}"), [f"anna@{name}", f"bob@{name}"])
