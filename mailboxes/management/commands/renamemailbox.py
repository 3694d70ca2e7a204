"""manage.py renamemailbox"""

from typing import Any

from django.core.management.base import CommandParser

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.conf import mail_host
from mailboxes.errors import Refused, gettext_noop
from mailboxes.export.renaming import commands_after, commands_before, describe
from mailboxes.management.renaming import RenameCommand
from mailboxes.models import Mailbox

NO_MAILBOX = gettext_noop("The mailbox %(name)s doesn't exist.")


class Command(RenameCommand):
    help = (
        "Give a mailbox another address, after showing what would change. Its mail, its password "
        "and the aliases that forward to it are kept, and the old address becomes an alias."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="the mailbox, by its old address")
        parser.add_argument("new", metavar="NEW", help="the new address")
        self.add_rename_arguments(parser)

    def handle(self, *args: object, **options: Any) -> None:
        name, address = options["address"], Address.parse(options["new"])
        mailbox = Mailbox.objects.filter(pk=name).first()
        if mailbox is None:
            raise Refused(NO_MAILBOX, {"name": name}, code="no_mailbox")
        keeps_old = not options["no_alias"]
        actions.check_renaming(self.actor, mailbox, address, keeps_old)
        host, plan = mail_host(), actions.plan_renaming(mailbox, address)
        for line in describe(plan, keeps_old, host, self.actor.scope):
            self.stdout.write(line)
        if plan.moved:
            self.print_before(commands_before(plan.moved, host))
        if self.is_wanted(f"Rename {mailbox} to {address}?", plan.moved is not None, **options):
            is_linked = options["folder_is_linked"] or not options["yes"]
            actions.rename_mailbox(self.actor, mailbox, address, keeps_old, is_linked)
            self.stdout.write(f"Renamed {mailbox} to {address}.")
            self.print_after(commands_after(plan.moved, host))
