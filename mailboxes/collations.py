"""The collations of the columns that the daemons' queries compare with each other."""

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
