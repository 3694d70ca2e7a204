"""manage.py createdomain"""

from typing import Any

from django.core.management.base import CommandParser

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.conf import quota_multiplier
from mailboxes.formats import mixed_scripts_warning
from mailboxes.management.arguments import integer
from mailboxes.management.base import MailCommand
from mailboxes.sizes import parse_limit


class Command(MailCommand):
    help = "Create a domain that this host receives mail for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the domain, such as example.org")
        parser.add_argument(
            "--description", default="", metavar="TEXT", help="a note for administrators"
        )
        for limit in ("mailboxes", "aliases"):
            parser.add_argument(
                f"--{limit}",
                type=integer,
                default=0,
                metavar="N",
                help=f"the maximum number of {limit}; 0 for no limit, -1 to allow none",
            )
        parser.add_argument(
            "--maxquota",
            default="0",
            metavar="SIZE",
            help="the maximum quota per mailbox, such as 1G; 0 for no limit, -1 to switch "
            "quotas off",
        )
        parser.add_argument(
            "--quota",
            default="0",
            metavar="SIZE",
            help="the maximum quota of all mailboxes together, such as 50G; 0 for no limit",
        )

    def handle(self, *args: object, **options: Any) -> None:
        unit = quota_multiplier()
        domain = actions.create_domain(
            self.actor,
            DomainName.parse(options["name"]),
            description=options["description"],
            mailboxes=options["mailboxes"],
            aliases=options["aliases"],
            maxquota=parse_limit(options["maxquota"], unit, may_be_off=True),
            quota=parse_limit(options["quota"], unit),
        )
        self.stdout.write(f"Created the domain {domain}.")
        if warning := mixed_scripts_warning(domain.pk):
            self.stdout.write(warning)
