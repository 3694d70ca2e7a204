"""manage.py createdomain"""

from typing import Any

from django.core.management.base import CommandParser

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.management.base import DeedCommand


class Command(DeedCommand):
    help = "Create a domain whose mail this host takes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="such as example.org")
        parser.add_argument("--description", default="", metavar="TEXT")
        for limit in ("mailboxes", "aliases"):
            parser.add_argument(
                f"--{limit}",
                type=int,
                default=0,
                metavar="N",
                help=f"how many {limit} it may have; 0 for no limit, -1 for none",
            )
        parser.add_argument(
            "--maxquota", type=int, default=0, metavar="MB", help="for one mailbox; 0 for no limit"
        )
        parser.add_argument(
            "--quota", type=int, default=0, metavar="MB", help="for all mailboxes; 0 for no limit"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        columns = ("description", "mailboxes", "aliases", "maxquota", "quota")
        domain = actions.create_domain(
            DomainName.parse(options["name"]), **{column: options[column] for column in columns}
        )
        self.stdout.write(f"Created the domain {domain}.")
