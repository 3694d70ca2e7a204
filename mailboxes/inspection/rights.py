"""What the panel's account may do with the mail tables, as the server itself judges it.

Rights may come by a role, and be granted on databases by a pattern, on tables or on columns: no
list of grants says what follows from them. EXPLAIN needs the same rights as the statement, and
executes nothing.
"""

from django.db import DatabaseError, connections
from django.db.models import Model

from mailboxes.foreign_rows import DENIED
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

MODELS: tuple[type[Model], ...] = (Domain, Mailbox, Alias, AliasDomain)
STATEMENTS = {
    "SELECT": "SELECT {columns} FROM {table}",
    "INSERT": "INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}",
    "UPDATE": "UPDATE {table} SET {values}",
    "DELETE": "DELETE FROM {table}",
}
NOT_DENIED = (1345, 1364)
"""The errors for a view whose tables the account can't see, from which nothing follows, and for a
column of others that needs a default value, which is reported by itself."""


def missing() -> dict[str, list[str]]:
    """Return the rights that the account doesn't have, and the tables."""
    found: dict[str, list[str]] = {}
    for right in STATEMENTS:
        if names := [model._meta.db_table for model in MODELS if not is_allowed(right, model)]:
            found[right] = names
    return found


def is_allowed(right: str, model: type[Model]) -> bool:
    try:
        explain(right, model)
    except DatabaseError as error:
        if error.args[0] in DENIED:
            return False
        if error.args[0] not in NOT_DENIED:
            raise
    return True


def explain(right: str, model: type[Model]) -> None:
    names = [str(field.column) for field in model._meta.concrete_fields]
    statement = STATEMENTS[right].format(
        table=model._meta.db_table,
        columns=", ".join(names),
        values=", ".join(f"{name} = {name}" for name in names),
    )
    with connections["mail"].cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
