"""Whether the columns of the mail tables can take what the panel writes."""

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.models import BooleanField, DateTimeField, Field, IntegerField

from mailboxes import sending
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

FIELDS: dict[tuple[str, str], Any] = {
    (model._meta.db_table, str(field.column)): field
    for model in (Alias, AliasDomain, Domain, Mailbox)
    for field in model._meta.concrete_fields
}
OPTIONAL: dict[tuple[str, str], Any] = {("mailbox", sending.COLUMN): BooleanField()}
"""Columns that a table may lack."""

NO_DEFAULT = gettext_noop(
    "The column %(column)s of the table %(table)s has no default value, so the panel couldn't add "
    "rows. On the database host, give it one: ALTER TABLE %(table)s ALTER %(column)s SET "
    "DEFAULT …;"
)
TOO_SHORT = gettext_noop(
    "The column %(column)s of the table %(table)s can only store %(length)s characters, "
    "in PostfixAdmin %(needed)s. Widen it first."
)
OTHER_TYPE = gettext_noop(
    "The column %(column)s of the table %(table)s has the type %(type)s, in PostfixAdmin "
    "%(needed)s. Convert it first."
)
TYPES: dict[type[Field], tuple[str, tuple[str, ...]]] = {
    BooleanField: ("tinyint", ("int",)),
    IntegerField: ("bigint", ("int", "decimal")),
    DateTimeField: ("datetime", ("datetime", "timestamp")),
}
"""The type that PostfixAdmin has for a kind of field, and how those end that will do."""

NOT_UNIQUE = gettext_noop(
    "The table %(table)s may contain the same value of %(column)s twice, which PostfixAdmin "
    "doesn't allow. Make that column the primary key first."
)


def refusals() -> Iterator[Refused]:
    """Yield why values can't be stored as in PostfixAdmin; SQLite doesn't check any."""
    if connections["mail"].vendor != "mysql":
        return
    with connections["mail"].cursor() as cursor:
        cursor.execute(
            "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, "
            "IS_NULLABLE = 'NO' AND COLUMN_DEFAULT IS NULL AND EXTRA = '', "
            "COLUMN_KEY IN ('PRI', 'UNI') OR TABLE_TYPE = 'VIEW' "
            "FROM information_schema.COLUMNS JOIN information_schema.TABLES "
            "USING (TABLE_SCHEMA, TABLE_NAME) WHERE TABLE_SCHEMA = DATABASE() "
            "AND TABLE_NAME IN ('alias', 'alias_domain', 'domain', 'mailbox') ORDER BY 1, 2"
        )
        rows = cursor.fetchall()
    for table, column, kind, length, needs_value, unique in rows:
        params = {"table": table, "column": column, "type": kind, "length": length}
        field = FIELDS.get((table, column)) or OPTIONAL.get((table, column))
        if needs_value and (table, column) not in FIELDS:
            yield Refused(NO_DEFAULT, params, code="no_default")
        if field is None:
            continue
        needed = getattr(field, "max_length", None)
        if needed and (length or 0) < needed:
            yield Refused(TOO_SHORT, params | {"needed": needed}, code="too_short")
        if needed_type := other_type(field, kind):
            yield Refused(OTHER_TYPE, params | {"needed": needed_type}, code="other_type")
        if field.primary_key and not unique:
            yield Refused(NOT_UNIQUE, params, code="not_unique")


def other_type(field: Field, kind: str) -> str:
    """Return PostfixAdmin's type, if values of this one couldn't be read or written."""
    for fields, (needed, endings) in TYPES.items():
        if isinstance(field, fields) and not kind.endswith(endings):
            return needed
    return ""
