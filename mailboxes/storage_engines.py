"""Whether the mail tables can be rolled back, which MariaDB's and MySQL's MyISAM can't."""

from functools import cache

from django.db import connections

from mailboxes.errors import Refused, gettext_noop

TABLES = ("domain", "mailbox", "alias", "alias_domain")
UNSAFE = gettext_noop(
    "Nothing can be changed: the table “%(table)s” uses the storage engine %(engine)s, which can't "
    "roll back a failed change. On the database host, run: ALTER TABLE %(table)s ENGINE=InnoDB;"
)


@cache
def check_engines() -> None:
    """Refuse to change tables that can't be rolled back.

    A process asks once, and again after each refusal: converting the table needs no restart.
    """
    for refusal in refusals():
        raise refusal


def refusals() -> list[Refused]:
    """Return why tables can't be changed, for each that can't be rolled back."""
    connection = connections["mail"]
    if connection.vendor != "mysql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES t "
            "JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE "
            "WHERE t.TABLE_SCHEMA = DATABASE() AND e.TRANSACTIONS <> 'YES'"
        )
        found = dict(cursor.fetchall())
    return [
        Refused(UNSAFE, {"table": table, "engine": found[table]}, code="engine")
        for table in TABLES
        if table in found
    ]
