"""Tables that are views of an account that is gone or may not read them."""

from collections.abc import Iterator, Sequence
from shlex import quote

from django.db import DatabaseError, connections

from mailboxes.conf import MailHost
from mailboxes.doctor import mysql_errors, mysql_locks
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy, grant_panel, sql_client
from mailboxes.formats import database_message
from mailboxes.texts import gettext as _

VIEW = (
    "SELECT CONCAT('ALTER DEFINER=CURRENT_USER VIEW ', table_name, ' AS ', view_definition, ';') "
    "FROM information_schema.views WHERE table_schema = DATABASE() AND table_name = '%s'"
)


def examine(host: MailHost, queries: Sequence[str]) -> Iterator[Finding]:
    """Read tables with the panel's own account; what is missing or locked is named elsewhere."""
    for query in queries:
        table = query.split(" FROM ")[1].split()[0]
        try:
            with connections["mail"].cursor() as cursor:
                cursor.execute(query)
        except DatabaseError as error:
            if error.args[0] not in (*mysql_errors.MISSING, *mysql_locks.BUSY):
                yield unreadable_table(host, table, error)


def unreadable_table(host: MailHost, table: str, error: DatabaseError) -> Finding:
    params = {"table": table, "error": database_message(error)}
    with connections["mail"].cursor() as cursor:
        cursor.execute(
            "SELECT definer FROM information_schema.views "
            "WHERE table_schema = DATABASE() AND table_name = %s",
            [table],
        )
        found = cursor.fetchone()
    if not found:
        seen = _("The panel can't read the table %(table)s: %(error)s.")
        remedy = grant_panel(host, mysql_errors.panel_place())
        return broken("database.table", seen % params, remedy)
    seen = _("The table %(table)s is a view of %(definer)s, which can't be read: %(error)s.")
    advice = _("If that account is gone, make the view that of the database's administrator:")
    client, name = sql_client(mysql_errors.panel_place()), quote(host.database.name)
    again = quote(VIEW % table)
    command = f"{client} --batch --raw --skip-column-names {name} --execute={again}"
    return broken(
        "database.table",
        seen % {**params, "definer": found[0]},
        Remedy(advice, f"{command} | {client} {name}"),
    )
