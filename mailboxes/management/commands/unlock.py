"""manage.py unlock"""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from mailboxes.addresses import normalize_address
from mailboxes.audit.log import log_change, subject
from mailboxes.errors import replace_unprintable
from mailboxes.management.base import MailCommand
from mailboxes.throttle.unlock import unlock_account, unlock_client


class Command(MailCommand):
    help = "Unlock an account or a client after too many sign-in attempts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name",
            nargs="?",
            metavar="NAME_OR_ADDRESS",
            help="an administrator's username or a mailbox's address",
        )
        parser.add_argument(
            "--client",
            metavar="ADDRESS",
            help="a client's IP address; for IPv6, its whole /64 network is unlocked",
        )

    def handle(self, *args: object, **options: Any) -> None:
        name, client = options["name"], options["client"]
        if bool(name) == bool(client):
            raise CommandError("Specify NAME_OR_ADDRESS or --client, but not both.")
        model = "client" if client else "mailbox" if "@" in name else "administrator"
        with transaction.atomic(using="default"):
            count = (
                unlock_client(client) if client else unlock_account(name, normalize_address(name))
            )
            if count:
                log_change(self.actor, f"{model}.unlock", subject(model, client or name))
        shown = replace_unprintable(client or name)
        if count:
            self.stdout.write(f"Unlocked {shown}.")
        else:
            self.stdout.write(f"There are no sign-in attempts on record for {shown}.")
