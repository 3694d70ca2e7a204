"""manage.py createdomain"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING
from mailboxes.addresses import Address, DomainName
from mailboxes.conf import postmaster, quota_multiplier
from mailboxes.formats import mixed_scripts_warning
from mailboxes.forwarding.wording import saved_warnings
from mailboxes.management.arguments import integer
from mailboxes.management.base import MailCommand
from mailboxes.routing import DELIVERED, Kind, Route, parse_next_hop
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
            "--postmaster",
            metavar="ADDRESS",
            help="where postmaster@ and abuse@ forward to, instead of MAIL_POSTMASTER; empty to "
            "create neither",
        )
        parser.add_argument(
            "--relay-to",
            metavar="HOST",
            help="relay the domain's mail to this host, such as mail.example.net, "
            "mail.example.net:2525 or 192.0.2.1",
        )
        parser.add_argument(
            "--backup-mx",
            action="store_true",
            help="keep the domain's mail for its other mail servers",
        )
        parser.add_argument(
            "--disabled",
            action="store_true",
            help="create it disabled, so that nothing changes for its mail until it is enabled",
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
        transport, backup_mx = route_of(options).write(DELIVERED, False)
        target = options["postmaster"]
        if target is None:
            target = postmaster()
        domain = actions.create_domain(
            self.actor,
            DomainName.parse(options["name"]),
            postmaster=target and str(Address.parse_target(target)),
            transport=transport,
            backupmx=backup_mx,
            active=not options["disabled"],
            description=options["description"],
            mailboxes=options["mailboxes"],
            aliases=options["aliases"],
            maxquota=parse_limit(options["maxquota"], unit, may_be_off=True),
            quota=parse_limit(options["quota"], unit),
        )
        self.stdout.write(f"Created the domain {domain}.")
        for warning in (mixed_scripts_warning(domain.pk), *saved_warnings(domain, EVERYTHING)):
            if warning:
                self.stdout.write(warning)
        if domain.route.kind == Kind.LOCAL and not target:
            self.stdout.write(
                f"There is no postmaster@{domain} and no abuse@{domain} yet, which every domain "
                "should have. Create them as aliases, or set MAIL_POSTMASTER for new domains."
            )


def route_of(options: dict[str, Any]) -> Route:
    host, backup_mx = options["relay_to"], options["backup_mx"]
    if host is None:
        return Route(Kind.BACKUP_MX if backup_mx else Kind.LOCAL)
    if backup_mx:
        raise CommandError("--relay-to and --backup-mx exclude each other. Use one of them.")
    return Route(Kind.RELAYED, parse_next_hop(host))
