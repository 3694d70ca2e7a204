"""A command that does one deed or says in one sentence why not."""

from typing import Any, NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from mailboxes.addresses import BadAddress
from mailboxes.errors import Refused
from mailboxes.export.bundle import BadExport
from mailboxes.sizes import BadSize


class DeedCommand(BaseCommand):
    """Exit status 0 only if the deed was done; otherwise 1 and a sentence on standard error."""

    requires_migrations_checks = False

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)

        def error(message: str) -> NoReturn:
            parser.exit(1, f"{message[:1].upper()}{message[1:]}; see {parser.prog} --help.\n")

        parser.error = error  # type: ignore[method-assign]
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except (BadAddress, BadExport, BadSize, ImproperlyConfigured, Refused) as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, InterfaceError) as error:
            tables = "no such table" in str(error) or error.args[:1] == (1146,)
            hint = " Make its tables first: manage.py migrate --database mail." if tables else ""
            raise CommandError(
                f"The mail database cannot be used, and nothing was written: {error}.{hint}"
            ) from error
