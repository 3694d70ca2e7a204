"""The base of the commands: refusals become a CommandError in one sentence."""

import os
import pwd
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, SystemCheckError
from django.db import DatabaseError, InterfaceError

from mailboxes.access.scope import EVERYTHING
from mailboxes.audit.actors import COMMAND, Actor
from mailboxes.conf import CHECKS
from mailboxes.errors import Refused
from mailboxes.formats import database_message, error_message
from mailboxes.management.arguments import MailParser, choices, one_of
from mailboxes.panel import version


class MailCommand(BaseCommand):
    """Exit with status 0 if the action was done, or with 1 and a sentence on standard error."""

    requires_migrations_checks = False
    requires_system_checks = [CHECKS]
    retry_hint = "Correct this, then run the command again."
    """What to do after the database has failed, since something may have been written by then."""

    refusal_status = 1
    """The exit status if an argument or a setting is wrong, or the action is refused."""

    @property
    def actor(self) -> Actor:
        """The account of the operating system that runs the command.

        For root it is the one that called sudo; for others that variable could be anything.
        """
        uid = os.getuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        if uid == 0:
            name = os.environ.get("SUDO_USER") or name
        return Actor(COMMAND, name, type(self).__module__.rpartition(".")[2], EVERYTHING)

    def get_version(self) -> str:
        return f"mailadmin {version()}"

    def ask(self, question: str, verb: str) -> None:
        """Ask a person whether to go on; raise CommandError unless the answer is yes."""
        if not sys.stdin.isatty():
            raise CommandError(
                "Nothing was changed: standard input is not a terminal, so you can't be asked. Use "
                f"--yes to {verb}."
            )
        try:
            answer = input(f"{question} [y/N] ")
        except (EOFError, KeyboardInterrupt):
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was changed.")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: object) -> CommandParser:
        parser = MailParser.copy(super().create_parser(prog_name, subcommand, **kwargs))
        parser.refusal_status = self.refusal_status
        return parser

    def add_base_argument(self, parser: CommandParser, *args: Any, **kwargs: Any) -> None:
        if "--verbosity" in args:
            levels = [str(level) for level in kwargs.pop("choices")]
            check = one_of("verbosity level", levels)
            kwargs |= {"type": lambda text: int(check(text)), "metavar": choices(levels)}
        super().add_base_argument(parser, *args, **kwargs)

    def execute(self, *args: object, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except Refused as error:
            raise CommandError(error_message(error), returncode=self.refusal_status) from error
        except SystemCheckError as error:
            error.returncode = self.refusal_status
            raise
        except (DatabaseError, InterfaceError) as error:
            tables = "no such table" in str(error) or error.args[:1] == (1146,)
            hint = "Create the tables first: ./deploy/run --setup" if tables else self.retry_hint
            raise CommandError(
                f"The database can't be used: {database_message(error)}. {hint}"
            ) from error
