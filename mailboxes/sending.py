"""Whether the owner of a mailbox may sign in to send mail: PostfixAdmin's column `smtp_active`.

PostfixAdmin has it since 4.0, and so has the panel's own table. The model leaves it out, since an
adopted table may lack it; then every owner may send.
"""

from dataclasses import replace

from django.db import DatabaseError, connections

from mailboxes.conf import MailHost
from mailboxes.errors import Refused, gettext_noop

COLUMN = "smtp_active"
NO_COLUMN = gettext_noop(
    "The mail database can't store that a mailbox is receive-only. The report on its tables says "
    "which column it lacks: manage.py adopt"
)


def is_known() -> bool:
    """Say whether the table has the column; another program's may lack it, adopted or not."""
    with connections["mail"].cursor() as cursor:
        if connections["mail"].vendor == "mysql":
            cursor.execute(
                "SELECT COUNT(*), SUM(column_name = %s) FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND table_name = 'mailbox'",
                [COLUMN],
            )
        else:
            cursor.execute(
                "SELECT COUNT(*), SUM(name = %s) FROM pragma_table_info('mailbox')", [COLUMN]
            )
        columns, found = cursor.fetchone()
    return bool(found) or not columns  # a table that isn't there yet will be the panel's own


def with_column(host: MailHost) -> MailHost:
    """Return the host as it is exported: an adopted table may lack the column.

    A new host may be exported before there is a database, and then gets the panel's own tables.
    """
    try:
        return replace(host, has_smtp_active=is_known())
    except DatabaseError:
        return host


def may_send(address: str) -> bool:
    """Say whether the owner of a mailbox may send; like the daemons, only 1 means yes."""
    with connections["mail"].cursor() as cursor:
        # Not only the column, which the table may lack: that would be an error.
        cursor.execute("SELECT * FROM mailbox WHERE username = %s", [address])
        columns, found = [column[0] for column in cursor.description], cursor.fetchone()
    return found is None or dict(zip(columns, found, strict=True)).get(COLUMN, 1) == 1


def set_may_send(address: str, value: bool) -> None:
    """Save the column in the caller's transaction; refuse what the table can't store."""
    if not is_known():
        raise Refused(NO_COLUMN, code="no_column", field="receive_only")
    with connections["mail"].cursor() as cursor:
        cursor.execute("UPDATE mailbox SET smtp_active = %s WHERE username = %s", [value, address])
