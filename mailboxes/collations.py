"""The collations of the columns that the daemons' queries compare with each other."""

from collections import Counter

from django.db import connections

KEYS = (
    *("domain.domain", "mailbox.username", "mailbox.domain", "alias.address", "alias.domain"),
    *("alias_domain.alias_domain", "alias_domain.target_domain"),
)
COLUMNS = (*KEYS, "alias.goto", "quota2.username")


def collations() -> dict[str, str]:
    """Return the collation of each of the columns that there are; nothing on SQLite, which has
    only one.
    """
    connection = connections["mail"]
    if connection.vendor != "mysql":
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME), COLLATION_NAME "
            "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
            "AND TABLE_NAME IN ('domain', 'mailbox', 'alias', 'alias_domain', 'quota2') "
            "ORDER BY 2, 1"
        )
        return {name: found for name, found in cursor.fetchall() if name in COLUMNS and found}


def alignment() -> list[str]:
    """Return the SQL that gives the columns that differ the collation that most of them have."""
    found = collations()
    usual = Counter(found.values()).most_common(1)[0][0] if found else ""
    return [
        f"ALTER TABLE {name.partition('.')[0]} MODIFY {definition(name, usual)}"
        for name, collation in sorted(found.items())
        if collation != usual
    ]


def definition(name: str, collation: str) -> str:
    """Return a column as it is, with another collation."""
    table, _dot, column = name.partition(".")
    with connections["mail"].cursor() as cursor:
        cursor.execute(
            "SELECT COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = %s",
            (table, column),
        )
        kind, nullable, default = cursor.fetchone()
    charset = collation.partition("_")[0]
    words = [column, kind, f"CHARACTER SET {charset} COLLATE {collation}"]
    words += ["NULL"] if nullable == "YES" else ["NOT NULL"]
    words += ["DEFAULT ''"] if default in ("", "''") else []
    return " ".join(words)
