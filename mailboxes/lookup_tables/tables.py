"""Whether the lookup tables are kept, and creating, filling and checking them.

They exist where the panel has created the mail tables. In a database that was adopted nothing is
added; whatever would use them asks `are_kept` first, and reads a bounded number of rows instead.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from mailboxes.lookup_models import (
    AliasTarget,
    DomainCount,
    MailboxActivity,
    RowFlag,
    SearchWord,
)
from mailboxes.lookup_tables.statements import DIALECTS, sources
from mailboxes.lookup_tables.triggers import Trigger, triggers

TABLES: tuple[type[Model], ...] = (
    RowFlag,
    DomainCount,
    AliasTarget,
    SearchWord,
    MailboxActivity,
)
KEYS_PER_STATEMENT = 500
NAMES = {
    "mysql": "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS "
    "WHERE TRIGGER_SCHEMA = DATABASE() AND TRIGGER_NAME LIKE 'lookup\\_%'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'lookup\\_%' "
    "ESCAPE '\\'",
}
DENIED = (1142, 1227, 1419)
"""MariaDB's errors for an account without the right to create triggers, or not beside a log."""

DENIED_TEXT = (
    "The database doesn't allow the panel's account to create triggers, so counts and searches in "
    "large tables are limited. Grant it TRIGGER on the mail database; with a binary log, also set "
    "log_bin_trust_function_creators=1."
)

KNOWN: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
"""The triggers that each session with a server has found; a file is asked each time."""


def are_kept() -> bool:
    """Say whether the lookup tables of the mail database are there, and kept right."""
    connection = connections["mail"]
    return required(connection) <= existing(connection)


def usage_is_kept() -> bool:
    """Say whether what depends on Dovecot's tables is kept, too."""
    return are_kept() and "lookup_usage_changed" in existing(connections["mail"])


def required(connection: BaseDatabaseWrapper) -> set[str]:
    return {trigger.name for trigger in triggers(DIALECTS[connection.vendor], usage=False)}


def existing(connection: BaseDatabaseWrapper) -> set[str]:
    """Return the names of the triggers that there are."""
    connection.ensure_connection()
    if connection.vendor == "mysql" and connection.connection in KNOWN:
        return KNOWN[connection.connection]
    found = {name for (name,) in run(connection, NAMES[connection.vendor])}
    if connection.vendor == "mysql":
        KNOWN[connection.connection] = found
    return found


def run(
    connection: BaseDatabaseWrapper, sql: str, params: Sequence[str] | None = None
) -> list[Any]:
    """Execute a statement, which is always one of this package's own."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def has_usage(connection: BaseDatabaseWrapper) -> bool:
    """Say whether Dovecot's tables are there, and can be compared with the mailboxes."""
    with connection.cursor() as cursor:
        if not {"quota2", "last_login"} <= set(connection.introspection.table_names(cursor)):
            return False
        if connection.vendor != "mysql":
            return True
        cursor.execute(
            "SELECT COUNT(DISTINCT COLLATION_NAME) FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'username' "
            "AND TABLE_NAME IN ('mailbox', 'quota2', 'last_login')"
        )
        return bool(cursor.fetchone()[0] == 1)


def restore_missing(connection: BaseDatabaseWrapper) -> None:
    """Create tables again that were dropped, which `migrate` won't; before it, there are none."""
    with connection.cursor() as cursor:
        names = set(connection.introspection.table_names(cursor))
    missing = [model for model in TABLES if model._meta.db_table not in names]
    if len(missing) < len(TABLES):
        for statement in (each for model in missing for each in creating(connection, model)):
            run(connection, statement)


def creating(connection: BaseDatabaseWrapper, model: type[Model]) -> list[str]:
    """Return the statements that create a table as the migrations do, with its indexes."""
    editor = connection.schema_editor(collect_sql=True, atomic=False)
    editor.deferred_sql = []
    editor.create_model(model)
    return [str(each).rstrip(";") for each in (*editor.collected_sql, *editor.deferred_sql)]


def create(connection: BaseDatabaseWrapper) -> bool:
    """Create the triggers anew and fill the tables; say whether the account may do that."""
    usage = has_usage(connection)
    drop(connection)
    try:
        for trigger in triggers(DIALECTS[connection.vendor], usage):
            run(connection, creation(connection.vendor, trigger))
    except OperationalError as error:
        if error.args[0] not in DENIED:
            raise
        return False
    finally:
        forget(connection)
    fill_all(connection, usage)
    return True


def drop(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers; the tables are no longer looked at then."""
    forget(connection)
    for name in existing(connection):
        run(connection, f"DROP TRIGGER IF EXISTS {connection.ops.quote_name(name)}")
    forget(connection)


def forget(connection: BaseDatabaseWrapper) -> None:
    if connection.vendor == "mysql" and connection.connection:
        KNOWN.pop(connection.connection, None)


def creation(vendor: str, trigger: Trigger) -> str:
    start = f"CREATE TRIGGER {trigger.name} AFTER {trigger.event} FOR EACH ROW"
    body = "; ".join(trigger.statements)
    if vendor == "mysql":
        condition = f" AND ({trigger.condition})" if trigger.condition else ""
        return f"{start} IF @lookup_pause IS NULL{condition} THEN {body}; END IF"
    when = f" WHEN {trigger.condition}" if trigger.condition else ""
    return f"{start}{when} BEGIN {body}; END"


def fill_all(connection: BaseDatabaseWrapper, usage: bool) -> None:
    """Fill the tables anew, with what the mail tables contain."""
    dialect = DIALECTS[connection.vendor]
    for model in TABLES:
        run(connection, f"DELETE FROM {model._meta.db_table}")  # noqa: S608 # nosec B608
    for source in sources(dialect, usage):
        run(connection, source.sql(dialect))


def fill(model: type[Model], keys: Sequence[str]) -> None:
    """Add new rows of a mail table that were inserted during a pause."""
    connection = connections["mail"]
    dialect, table = DIALECTS[connection.vendor], model._meta.db_table
    found = [one for one in sources(dialect, usage_is_kept()) if one.table == table]
    for start in range(0, len(keys), KEYS_PER_STATEMENT):
        some = list(keys[start : start + KEYS_PER_STATEMENT])
        for source in found:
            run(connection, source.sql(dialect, keys=len(some)), some)


@contextmanager
def pause() -> Iterator[bool]:
    """Let the triggers of this session rest, if the database can do that: many new rows are added
    faster by `fill`, which the caller then does at the end, in the same transaction.
    """
    connection = connections["mail"]
    if connection.vendor != "mysql" or not are_kept():
        yield False
        return
    with connection.cursor() as cursor:
        cursor.execute("SET @lookup_pause = 1")
    try:
        yield True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET @lookup_pause = NULL")


@contextmanager
def refilled() -> Iterator[None]:
    """Let the triggers rest while all rows of the mail tables are replaced, then fill the tables
    anew, in the caller's transaction.
    """
    connection = connections["mail"]
    if not are_kept():
        yield
    elif connection.vendor == "mysql":  # to drop a trigger would end the transaction
        with pause():
            yield
        fill_all(connection, usage_is_kept())
    else:
        drop(connection)
        yield
        create(connection)
