"""Restoring a backup: all of its rows, or none."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from typing import IO, Any

from django.db import DatabaseError, connections, transaction
from django.db.migrations.loader import MigrationLoader

from mailboxes.backup import archive, schema
from mailboxes.backup.tables import applied, check_known, columns_of
from mailboxes.errors import Refused
from mailboxes.formats import database_message
from mailboxes.lookup_tables.tables import refilled
from mailboxes.origin import foreign_tables

NAMES = {"default": "the panel's own database", "mail": "the mail database"}


def check(aliases: Sequence[str], manifest: archive.Manifest, replace: bool) -> None:
    """Refuse what can't or shouldn't be restored, before anything is changed."""
    if "mail" in aliases and (tables := foreign_tables()):
        raise Refused(
            "Nothing was restored: the mail database contains tables that the panel didn't create "
            "(%(tables)s), which are never replaced. To restore only the panel's own database, use "
            "--panel-only.",
            {"tables": ", ".join(tables)},
        )
    loader = MigrationLoader(None)
    for alias in aliases:
        check_known(loader, manifest.databases[alias].migrations)
    if used := [NAMES[alias] for alias in aliases if not replace and schema.is_used(alias)]:
        raise Refused(
            "Nothing was restored: there is something in %(databases)s already. To replace it, use "
            "--replace; what isn't in the backup will be lost, so make another backup first.",
            {"databases": " and in ".join(used)},
        )


def restore(aliases: Sequence[str], manifest: archive.Manifest, file: IO[bytes]) -> None:
    """Replace everything in these databases with what is in the backup."""
    anew = [alias for alias in aliases if applied(alias) != manifest.databases[alias].migrations]
    done: list[str] = []
    try:
        for alias in anew:
            schema.rebuild(alias, manifest.databases[alias].migrations)
        with transactions(aliases, done), refilled() if "mail" in aliases else nullcontext():
            for alias in aliases:
                schema.empty(alias, manifest.databases[alias].migrations)
            load(aliases, file)
    except (DatabaseError, Refused) as error:
        reason = str(error) if isinstance(error, Refused) else database_message(error)
        raise Refused(
            "The backup was not restored: %(reason)s. %(states)sCorrect this, then run the command "
            "again with --replace.",
            {"reason": reason.rstrip("."), "states": states(aliases, anew, done)},
        ) from error


def states(aliases: Sequence[str], anew: Sequence[str], done: Sequence[str]) -> str:
    """Return the sentences that say what an error has left behind."""
    found = []
    for alias in aliases:
        what = "is as it was before"
        if alias in done:
            what = "has everything of the backup"
        elif alias in anew:
            what = "has new tables without rows"
        found.append(f"{NAMES[alias]} {what}")
    return f"Now {', and '.join(found)}. "


def migrate(aliases: Sequence[str]) -> None:
    """Bring the tables to the state of this version."""
    for alias in aliases:
        schema.migrate(alias)


@contextmanager
def transactions(aliases: Sequence[str], done: list[str]) -> Iterator[None]:
    """Change all of these databases or, after an error, none; note those that were committed.

    Nothing but the last commit could fail after another database has been changed.
    """
    with ExitStack() as stack:
        for alias in aliases:
            # SQLite only takes notice of this outside of a transaction.
            stack.enter_context(connections[alias].constraint_checks_disabled())
        for alias in aliases:
            stack.enter_context(transaction.atomic(using=alias))
            transaction.on_commit(partial(done.append, alias), using=alias)
        yield
        for alias in aliases:
            connections[alias].check_constraints()


def load(aliases: Sequence[str], file: IO[bytes]) -> None:
    """Insert all rows."""
    known: dict[tuple[str, str], list[str]] = {}
    for name, data in archive.read(file):
        place = archive.table_of(name)
        if place and place[0] in aliases:
            if place not in known:
                known[place] = columns_of(*place)
            columns, rows = archive.rows_of(data)
            if missing := [column for column in columns if column not in known[place]]:
                raise Refused(
                    "the table “%(table)s” lacks the column “%(column)s” of the backup",
                    {"table": place[1], "column": missing[0]},
                )
            insert(*place, columns, rows)


def insert(alias: str, table: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
    quote = connections[alias].ops.quote_name
    names, marks = ", ".join(map(quote, columns)), ", ".join(["%s"] * len(columns))
    with connections[alias].cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(table)} ({names}) VALUES ({marks})",  # noqa: S608 # nosec B608
            rows,
        )
