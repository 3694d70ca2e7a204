"""manage.py createmailbox"""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.management.base import DeedCommand
from mailboxes.passwords.generate import generate_password
from mailboxes.sizes import parse_size


class Command(DeedCommand):
    help = (
        "Create a mailbox and the alias by which it gets its mail. Without --generate and "
        "--password-stdin the password is asked for twice; it is never an argument, since "
        "every user of the machine can read those."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="such as anna@example.org")
        parser.add_argument("--name", default="", metavar="TEXT", help="whose mailbox it is")
        parser.add_argument(
            "--quota", default="0", metavar="SIZE", help="such as 1G or 500M; 0 for no limit"
        )
        source = parser.add_mutually_exclusive_group()
        source.add_argument(
            "--generate", action="store_true", help="make a password and print it once"
        )
        source.add_argument(
            "--password-stdin", action="store_true", help="read it from standard input, one line"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        address = Address.parse(options["address"])
        quota = parse_size(options["quota"])
        actions.check_new_mailbox(address, quota)
        if options["generate"]:
            password = generate_password()
        elif options["password_stdin"]:
            password = read_password()
        else:
            password = ask_password()
        mailbox = actions.create_mailbox(address, password, name=options["name"], quota=quota)
        self.stdout.write(f"Created the mailbox {mailbox}.")
        if options["generate"]:
            self.stdout.write(f"Its password, shown this once: {password}")


def read_password() -> str:
    """Return standard input less its final newline; blanks at either end belong to it."""
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise CommandError("The password on standard input is not UTF-8.") from error


def ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError(
            "There is no terminal to ask for the password on; use --password-stdin or --generate."
        )
    try:
        password, again = getpass("Password: "), getpass("Password, again: ")
    except (EOFError, KeyboardInterrupt) as error:
        raise CommandError("No password was given; nothing was created.") from error
    if password != again:
        raise CommandError("The two passwords differ; nothing was created.")
    return password
