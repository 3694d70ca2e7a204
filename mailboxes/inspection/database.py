"""What the database server says of the mail tables: engines, collations, the account's rights."""

from collections.abc import Iterator

from django.db import connections
from django.utils.translation import gettext_lazy as _

from mailboxes.errors import Refused
from mailboxes.inspection import definitions
from mailboxes.inspection.lines import Line
from mailboxes.storage_engines import check_engines

NEEDED = ("SELECT", "INSERT", "UPDATE", "DELETE")


def refusals() -> list[Refused]:
    """Return why rows can't be changed safely, or not stored."""
    found = []
    try:
        check_engines()
    except Refused as error:
        found.append(error)
    return [*found, *definitions.refusals()]


def lines() -> Iterator[Line]:
    """Yield what differs between servers; SQLite has neither of these."""
    if connections["mail"].vendor != "mysql":
        return
    found = collations()
    note = _("Joins of columns with different collations can fail (error 1267).")
    text = ", ".join(found)
    yield Line("collations", _("Collations of the keys"), text, note if len(found) > 1 else "")
    granted = rights()
    missing = [name for name in NEEDED if name not in granted]
    yield Line("rights", _("Rights of the panel's account"), ", ".join(granted))
    if missing:
        yield Line("missing_rights", _("Missing rights"), ", ".join(missing))


def collations() -> list[str]:
    with connections["mail"].cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT COLLATION_NAME FROM information_schema.COLUMNS "
            "WHERE TABLE_SCHEMA = DATABASE() AND (TABLE_NAME, COLUMN_NAME) IN "
            "(('domain', 'domain'), ('mailbox', 'username'), ('mailbox', 'domain'), "
            "('alias', 'address'), ('alias', 'domain'), ('alias_domain', 'alias_domain'), "
            "('alias_domain', 'target_domain')) ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def rights() -> list[str]:
    """Return the needed rights that the account has in the whole database.

    Rights by a role or on single tables are not seen.
    """
    with connections["mail"].cursor() as cursor:
        cursor.execute(
            "SELECT PRIVILEGE_TYPE FROM ("
            "SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES UNION "
            "SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES "
            "WHERE DATABASE() LIKE TABLE_SCHEMA) AS granted WHERE GRANTEE = CONCAT('''', "
            "SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', "
            "SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')"
        )
        granted = {name for (name,) in cursor.fetchall()}
    return [name for name in NEEDED if name in granted]
