"""Both databases as they were at one moment, read row by row while the panel goes on.

Every change is logged in the panel's own database before and after it is made in the mail tables.
While nothing can be logged, both are frozen: with SQLite by a copy, with MariaDB and MySQL by a
transaction.
"""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from MySQLdb.cursors import SSCursor

from mailboxes.backup.tables import columns_of
from mailboxes.errors import Refused

COPIES = ".backup-"


class Snapshot:
    """One database."""

    def __init__(self, alias: str, driver: Any, streaming: tuple[type, ...] = ()) -> None:
        self.alias = alias
        self.driver = driver
        self.streaming = streaming

    def rows(self, table: str, key: str) -> Iterator[Sequence[Any]]:
        """Yield the columns' names, then the rows in the order of their key."""
        columns = columns_of(self.alias, table)
        if not columns:
            raise Refused("The table “%(table)s” is missing.", {"table": table})
        quote = connections[self.alias].ops.quote_name
        names = ", ".join(map(quote, columns))
        with closing(self.driver.cursor(*self.streaming)) as cursor:
            with connections[self.alias].wrap_database_errors:
                cursor.execute(
                    f"SELECT {names} FROM {quote(table)} ORDER BY {quote(key)}"  # noqa: S608 # nosec B608
                )
            yield columns
            while rows := self.fetch(cursor):
                yield from rows

    def fetch(self, cursor: Any) -> Sequence[Sequence[Any]]:
        with connections[self.alias].wrap_database_errors:
            return cursor.fetchmany(1000)  # type: ignore[no-any-return]


@contextmanager
def take(aliases: Sequence[str]) -> Iterator[dict[str, Snapshot]]:
    """Freeze these databases together; others can write again as soon as the block is entered."""
    with ExitStack() as stack:
        with ExitStack() as locks:
            for alias in aliases:
                locks.enter_context(locked(alias))
            found = {alias: stack.enter_context(frozen(alias)) for alias in aliases}
        yield found


@contextmanager
def session(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """Connect once more."""
    connection = connections[alias].copy()
    try:
        connection.ensure_connection()
        yield connection
    finally:
        connection.close()


@contextmanager
def locked(alias: str) -> Iterator[None]:
    """Let nobody write to a SQLite file, or to the log."""
    with session(alias) as connection:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            elif alias == "default":
                cursor.execute("START TRANSACTION")
                cursor.execute("SELECT id FROM audit_head FOR UPDATE")
        yield


@contextmanager
def frozen(alias: str) -> Iterator[Snapshot]:
    with session(alias) as connection:
        if connection.vendor == "sqlite":
            with copied(connection) as copy:
                yield Snapshot(alias, copy)
        else:
            yield transaction(alias, connection)


@contextmanager
def copied(connection: BaseDatabaseWrapper) -> Iterator[sqlite3.Connection]:
    """Copy the file; the copy is beside it, where the same people can read it.

    It is read without Django's converters: those of a boolean would read any other number as 0.
    """
    file = Path(connection.settings_dict["NAME"])
    delete_old_copies(file.parent)
    with TemporaryDirectory(prefix=COPIES, dir=file.parent) as folder:
        copy = Path(folder, "copy.sqlite3")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(copy)])
        with closing(sqlite3.connect(copy)) as found:
            yield found


def delete_old_copies(folder: Path) -> None:
    """Delete what was left when the machine stopped in the middle of a backup."""
    yesterday = time.time() - 24 * 3600
    for path in folder.glob(f"{COPIES}*"):
        if path.stat().st_mtime < yesterday:
            shutil.rmtree(path)


def transaction(alias: str, connection: BaseDatabaseWrapper) -> Snapshot:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    return Snapshot(alias, connection.connection, (SSCursor,))
