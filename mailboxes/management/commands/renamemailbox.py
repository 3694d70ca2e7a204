"""manage.py renamemailbox"""

from typing import Any

from django.core.management.base import CommandParser

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.conf import mail_host
from mailboxes.errors import Refused, gettext_noop
from mailboxes.export.renaming import mailbox_steps
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
        kept = not options["no_alias"]
        actions.check_renaming(self.actor, mailbox, address, kept)
        plan = actions.plan_renaming(mailbox, address)

        def rename(is_linked: bool) -> None:
            actions.rename_mailbox(self.actor, mailbox, address, kept, is_linked)

        steps = mailbox_steps(plan, kept, mail_host(), self.actor.scope)
        self.perform(steps, (str(mailbox), str(address)), rename, **options)
