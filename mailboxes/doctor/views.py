"""Tables that are views: of an account that is gone or may not read them, or with hidden rows."""

from collections.abc import Iterator, Sequence
from shlex import quote

from django.db import DatabaseError, connections

from mailboxes.conf import Account, DatabaseHost, MailHost
from mailboxes.doctor import mysql_errors, mysql_locks
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import Remedy, grant_panel, sql_client
from mailboxes.formats import database_message
from mailboxes.texts import gettext as _

VIEW = (
    "SELECT CONCAT('ALTER DEFINER=CURRENT_USER VIEW ', table_name, ' AS ', view_definition, ';') "
    "FROM information_schema.views WHERE table_schema = DATABASE() AND table_name = '%s'"
)

UNCONDITIONAL = (
    "SELECT CONCAT('ALTER DEFINER=CURRENT_USER VIEW ', table_name, ' AS ', "
    "SUBSTRING_INDEX(view_definition, ' where ', 1), ';') FROM information_schema.views "
    "WHERE table_schema = DATABASE() AND table_name = '%s'"
)


def examine(host: MailHost, queries: Sequence[str]) -> Iterator[Finding]:
    """Read tables with the panel's own account; what is missing or locked is named elsewhere."""
    for query in queries:
        table = table_of(query)
        try:
            first_row(query)
        except DatabaseError as error:
            if error.args[0] not in (*mysql_errors.MISSING, *mysql_locks.BUSY):
                yield unreadable_table(host, table, error)


def table_of(query: str) -> str:
    return query.split(" FROM ")[1].split()[0]


def definer_of(table: str) -> str:
    """Return the account to which a view belongs; empty of a table."""
    with connections["mail"].cursor() as cursor:
        cursor.execute(
            "SELECT definer FROM information_schema.views "
            "WHERE table_schema = DATABASE() AND table_name = %s",
            [table],
        )
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def unreadable_table(host: MailHost, table: str, error: DatabaseError) -> Finding:
    definer = definer_of(table)
    params = {"table": table, "error": database_message(error), "definer": definer}
    if not definer:
        seen = _("The panel can't read the table %(table)s: %(error)s.")
        remedy = grant_panel(host, mysql_errors.panel_place())
        return broken("database.table", seen % params, remedy)
    seen = _("The table %(table)s is a view of %(definer)s, which can't be read: %(error)s.")
    advice = _("If that account is gone, make the view that of the database's administrator:")
    return broken("database.table", seen % params, Remedy(advice, alter(host, VIEW % table)))


def alter(host: MailHost, query: str) -> str:
    """Return the command that runs the statement which this query gives."""
    client, name = sql_client(mysql_errors.panel_place()), quote(host.database.name)
    command = f"{client} --batch --raw --skip-column-names {name} --execute={quote(query)}"
    return f"{command} | {client} {name}"


def without_condition(host: MailHost, table: str) -> Remedy:
    advice = _("Correct the view's condition. If it needs none, on the database host, run:")
    return Remedy(advice, alter(host, UNCONDITIONAL % table))


def hidden_from(
    host: MailHost, place: DatabaseHost, account: Account, empty: Sequence[str]
) -> Finding | None:
    """Name a table of which an account sees no rows, and the panel's does."""
    try:
        hidden = next((table_of(query) for query in empty if gives_rows(query)), "")
        definer = definer_of(hidden) if hidden else ""
    except DatabaseError:
        return None  # what keeps the panel's account from it is named elsewhere
    if not hidden:
        return None
    params = {"account": account.user, "place": mysql_errors.place_name(place), "table": hidden}
    seen = _(
        "%(account)s on %(place)s sees no rows of the table %(table)s, although the panel's "
        "account sees some."
    )
    if definer:
        seen = _(
            "%(account)s on %(place)s sees no rows of %(table)s, although the panel's account sees "
            "some: it is a view, whose condition must depend on the account."
        )
        return broken("database.rows", seen % params, without_condition(host, hidden))
    advice = _("It may be another database than the panel's, or a replica that has fallen behind.")
    return broken("database.rows", seen % params, Remedy(advice))


def gives_rows(query: str) -> bool:
    with connections["mail"].cursor() as cursor:
        if connections["mail"].vendor == "mysql":
            mysql_locks.bound_waits(cursor)
    return first_row(query) is not None


def first_row(query: str) -> Sequence[object] | None:
    with connections["mail"].cursor() as cursor:
        cursor.execute(query)
        found: Sequence[object] | None = cursor.fetchone()
    return found
