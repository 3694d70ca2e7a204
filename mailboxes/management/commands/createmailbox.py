"""manage.py createmailbox"""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING
from mailboxes.addresses import Address
from mailboxes.adoption.mark import quota_megabyte
from mailboxes.forwarding.wording import saved_warnings
from mailboxes.handling import DEFAULT_SENTENCE, Handling, handling_target, parse_sentence
from mailboxes.management.base import MailCommand
from mailboxes.passwords.generate import generate_password
from mailboxes.sizes import parse_quota


class Command(MailCommand):
    help = (
        "Create a mailbox and its own alias, which delivers its mail. You are asked for the "
        "password twice, unless you use --generate or --password-stdin. The password can't be "
        "given as an argument, because any user on the machine could read it there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "address", metavar="ADDRESS", help="the address, such as anna@example.org"
        )
        parser.add_argument("--name", default="", metavar="TEXT", help="the owner's name")
        parser.add_argument(
            "--quota",
            default="0",
            metavar="SIZE",
            help="the quota, such as 1G or 500M; 0 for no limit",
        )
        parser.add_argument(
            "--send-only",
            nargs="?",
            const=DEFAULT_SENTENCE,
            metavar="SENTENCE",
            help="refuse mail for the address, with this sentence",
        )
        parser.add_argument(
            "--receive-only", action="store_true", help="don't let the owner sign in to send"
        )
        parser.add_argument(
            "--generate", action="store_true", help="generate a password and print it once"
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, *args: object, **options: Any) -> None:
        if options["generate"] and options["password_stdin"]:
            raise CommandError("Use either --generate or --password-stdin, not both.")
        address = Address.parse(options["address"])
        quota = parse_quota(options["quota"], quota_megabyte())
        refusal = ""
        if options["send_only"] is not None:
            refusal = handling_target(Handling.REFUSED, parse_sentence(options["send_only"]))
        if options["generate"]:
            password = generate_password()
        elif options["password_stdin"]:
            password = read_password()
        else:
            actions.check_new_mailbox(address, quota, lock=False)
            password = ask_password()
        mailbox = actions.create_mailbox(
            self.actor,
            address,
            password,
            name=options["name"],
            quota=quota,
            refusal=refusal,
            may_send=not options["receive_only"],
        )
        self.stdout.write(f"Created the mailbox {mailbox}.")
        if options["generate"]:
            self.stdout.write(f"Its password, which is shown only once: {password}")
        for warning in saved_warnings(mailbox, EVERYTHING) if refusal else ():
            self.stdout.write(warning)


def read_password() -> str:
    """Return standard input without its final newline; spaces at the ends are kept."""
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise CommandError("The password on standard input is not valid UTF-8.") from error


def ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError(
            "The password can't be asked for, because standard input is not a terminal. Use "
            "--password-stdin or --generate."
        )
    try:
        password, again = getpass("Password: "), getpass("Repeat password: ")
    except (EOFError, KeyboardInterrupt) as error:
        raise CommandError("No password was entered. Nothing was created.") from error
    if password != again:
        raise CommandError("The two passwords don't match. Nothing was created.")
    return password
