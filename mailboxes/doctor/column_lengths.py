"""Columns that are too short for what is stored in them, and the statement that widens them."""

from django.db import connections

from mailboxes.adoption.mark import find_adoption
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import Remedy, on_database
from mailboxes.inspection.definitions import FIELDS
from mailboxes.texts import gettext as _

COLUMN = (
    "SELECT character_set_name, collation_name, is_nullable, column_default "
    "FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s"
)


def widen(examination: Examination, table: str, column: str) -> Remedy:
    """Make a column of the panel's own tables as long as it was created."""
    statement = statement_for(table, column)
    remedy = on_database(examination.host.database, statement)
    if find_adoption():
        advice = _(
            "The table is another program's. Ask who is in charge of it to make the column longer, "
            "on the database host:"
        )
        return remedy._replace(advice=advice)
    if column != "password":
        return remedy
    advice = _(
        "Make it that long again on the database host, then set new passwords for those whose "
        "hash was cut:"
    )
    return remedy._replace(advice=advice)


def statement_for(table: str, column: str) -> str:
    """Return what only changes the length."""
    with connections["mail"].cursor() as cursor:
        cursor.execute(COLUMN, [table, column])
        charset, collation, nullable, default = cursor.fetchone()
    words = [f"ALTER TABLE `{table}` MODIFY `{column}` varchar({FIELDS[table, column].max_length})"]
    if charset:
        words.append(f"CHARACTER SET {charset} COLLATE {collation}")
    words.append("NULL" if nullable == "YES" else "NOT NULL")
    if default is not None:
        # MariaDB returns an expression, MySQL a text.
        is_expression = default == "NULL" or default.startswith("'")
        words.append(f"DEFAULT {default}" if is_expression else f"DEFAULT '{default}'")
    return " ".join(words)
