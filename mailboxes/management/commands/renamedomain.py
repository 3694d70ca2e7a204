"""manage.py renamedomain"""

from typing import Any

from django.core.management.base import CommandParser

from mailboxes import actions
from mailboxes.actions.rules import NO_DOMAIN
from mailboxes.addresses import DomainName
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.export.renaming import domain_steps
from mailboxes.management.renaming import RenameCommand
from mailboxes.models import Domain


class Command(RenameCommand):
    help = (
        "Give a domain and all its addresses another name, after showing what would change. Mail, "
        "passwords and whatever forwards to them are kept, and the old name becomes an alias "
        "domain."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the domain, by its old name")
        parser.add_argument("new", metavar="NEW", help="the new name")
        self.add_rename_arguments(parser)

    def handle(self, *args: object, **options: Any) -> None:
        name = DomainName.parse(options["new"])
        domain = Domain.objects.filter(pk=options["name"]).first()
        if domain is None:
            raise Refused(NO_DOMAIN, {"domain": options["name"]}, code="no_domain")
        kept = not options["no_alias"]
        actions.check_domain_renaming(self.actor, domain, name, kept)
        plan = actions.plan_domain_renaming(domain, name)

        def rename(is_linked: bool) -> None:
            actions.rename_domain(self.actor, domain, name, kept, is_linked)

        steps = domain_steps(plan, kept, mail_host())
        self.perform(steps, (str(domain), str(name)), rename, **options)
