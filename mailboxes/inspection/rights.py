"""What the panel's account may do with the mail tables, as the server itself judges it.

Rights may come by a role, and be granted on databases by a pattern, on tables or on columns: no
list of grants says what follows from them. To prepare a statement needs the same rights as to
execute it, and changes nothing.
"""

from collections.abc import Iterator

from django.db import DatabaseError, connections
from django.db.models import Model

from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.table_errors import DENIED

MODELS: tuple[type[Model], ...] = (Domain, Mailbox, Alias, AliasDomain)
STATEMENTS = {
    "SELECT": "SELECT {columns} FROM {table}",
    "INSERT": "INSERT INTO {table} ({columns}) VALUES ({marks})",
    "UPDATE": "UPDATE {table} SET {changes}",
    "DELETE": "DELETE FROM {table}",
}
NOT_WRITABLE = (1288, 1348, 1393, 1394, 1395, 1471)
"""Errors for a view through which rows can't be added, changed or deleted, whatever the rights."""

VIEW = gettext_noop(
    "Rows of the view “%(table)s” can't be added, changed and deleted, so the panel can't use it. "
    "Import the tables behind it instead: .venv/bin/python manage.py importdatabase"
)


def refusals() -> Iterator[Refused]:
    """Yield which of the tables are views that nobody can write to."""
    if connections["mail"].vendor != "mysql":
        return
    for model in MODELS:
        if any(error_of(right, model) in NOT_WRITABLE for right in STATEMENTS):
            yield Refused(VIEW, {"table": model._meta.db_table}, code="view")


def missing() -> dict[str, list[str]]:
    """Return the rights that the account doesn't have, and the tables."""
    found: dict[str, list[str]] = {}
    for right in STATEMENTS:
        if names := [model._meta.db_table for model in MODELS if not is_allowed(right, model)]:
            found[right] = names
    return found


def is_allowed(right: str, model: type[Model]) -> bool:
    return error_of(right, model) not in DENIED


def error_of(right: str, model: type[Model]) -> int:
    """Return the number of the server's error for such a statement; 0 if it could be executed."""
    try:
        prepare(right, model)
    except DatabaseError as error:
        if error.args[0] not in (*DENIED, *NOT_WRITABLE):
            raise
        return int(error.args[0])
    return 0


def prepare(right: str, model: type[Model]) -> None:
    names = [str(field.column) for field in model._meta.concrete_fields]
    statement = STATEMENTS[right].format(
        table=model._meta.db_table,
        columns=", ".join(names),
        marks=", ".join("?" for _ in names),
        changes=", ".join(f"{name} = ?" for name in names),
    )
    with connections["mail"].cursor() as cursor:
        cursor.execute("PREPARE statement_of_panel FROM %s", [statement])
        cursor.execute("DEALLOCATE PREPARE statement_of_panel")
