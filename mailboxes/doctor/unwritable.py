"""Why the temporary mailbox can't be created, though the database can be read."""

import re

from django.db import DatabaseError, connections

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import column_lengths, mysql_locks, mysql_settings
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.mysql_errors import MISSING, NOT_GRANTED, REFUSED, SEE_TABLES
from mailboxes.doctor.remedies import (
    CREATE_LOOKUPS,
    REBUILD_LOOKUPS,
    Remedy,
    grant_panel,
    on_database,
    sql_client,
)
from mailboxes.formats import database_message
from mailboxes.inspection import definitions
from mailboxes.inspection.definitions import FIELDS
from mailboxes.inspection.products import read_columns
from mailboxes.outages import Outage, find_outage
from mailboxes.texts import gettext as _

CODE = "database.canary"
NO_DEFAULT, TOO_LONG, NO_DEFINER, SIGNALLED = 1364, 1406, 1449, 1644
SQLITE_TRIGGERS = (
    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('mailbox', 'alias') "
    "AND sql LIKE '%INSERT ON%' AND name NOT LIKE 'lookup\\_%' ESCAPE '\\'"
)
TRIGGERS = (
    "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() "
    "AND event_object_table IN ('mailbox', 'alias') AND event_manipulation = 'INSERT' "
    "AND trigger_name NOT LIKE 'lookup\\_%'"
)
FIELD = re.compile(r"Field '([^'`]+)'")
COLUMN = re.compile(r"for column '([^'`]+)'")
OPTION = re.compile(r"--(super-)?read-only option")


def explain(examination: Examination, error: DatabaseError, place: DatabaseHost | None) -> Finding:
    """Say what helps. `place` is where the panel finds a MySQL server."""
    seen = _("The temporary mailbox can't be created, so no sign-in was tried: %(error)s.")
    seen %= {"error": database_message(error)}
    number = error.args[0] if error.args else 0
    is_missing = number in MISSING or "no such table" in str(error)
    if is_missing and "lookup_" in str(error):  # or the panel was upgraded, but not migrated
        return broken(CODE, seen, CREATE_LOOKUPS)
    if number == NO_DEFINER or "lookup_" in str(error):
        return broken(CODE, seen, REBUILD_LOOKUPS)
    outage = find_outage(error)
    if outage == Outage.BUSY and place:
        remedy, lines = mysql_locks.holders(examination, place)
        return broken(CODE, seen, remedy, lines)
    if outage == Outage.READ_ONLY:
        return broken(CODE, seen, read_only(examination, str(error), place))
    if outage == Outage.FULL:
        advice = _("The database has no space left. Make room on its disk:")
        return broken(CODE, seen, Remedy(advice, "df -h"))
    if is_of_tables(error):
        return broken(CODE, seen, SEE_TABLES)
    if number == NO_DEFAULT:
        return broken(CODE, seen, give_default(examination, str(error)))
    if number == TOO_LONG and (longer := widen(examination, str(error))):
        return broken(CODE, seen, longer)
    if number in (*REFUSED, *NOT_GRANTED) and place:
        return broken(CODE, seen, grant_panel(examination.host, place))
    if number == SIGNALLED or foreign_triggers():
        return broken(CODE, seen, drop_triggers(examination))
    advice = _("Check that the panel's account may write, and that the database isn't full.")
    return broken(CODE, seen, Remedy(advice))


def is_of_tables(error: DatabaseError) -> bool:
    """Say whether a table or a column of the panel's is missing; a trigger may name others."""
    number = error.args[0] if error.args else 0
    is_missing = number in MISSING or "no such table" in str(error)
    ours = {name for field in FIELDS for name in field}
    return is_missing and any(f"{sign}{name}" in str(error) for name in ours for sign in "'.` ")


def foreign_triggers() -> list[str]:
    """Return the triggers on new rows that aren't the panel's."""
    is_mysql = connections["mail"].vendor == "mysql"
    with connections["mail"].cursor() as cursor:
        cursor.execute(TRIGGERS if is_mysql else SQLITE_TRIGGERS)
        return [name for (name,) in cursor.fetchall()]


def drop_triggers(examination: Examination) -> Remedy:
    names = foreign_triggers()
    statements = [f"DROP TRIGGER `{name}`" for name in names]
    remedy = on_database(examination.host.database, *(statements or ["SHOW TRIGGERS"]))
    advice = _(
        "A trigger of the tables refuses new rows. If you don't need it, drop it on the database "
        "host:"
    )
    return remedy._replace(advice=advice)


def give_default(examination: Examination, error: str) -> Remedy:
    """Let a column that the panel doesn't know stay empty in new rows."""
    columns = read_columns(connections["mail"])
    found = FIELD.search(error)
    statements = [
        f"ALTER TABLE `{table}` ALTER `{name}` SET DEFAULT ''"
        for table in ("mailbox", "alias")
        for name in ([found[1]] if found else [])
        if name in columns.get(table, ()) and (table, name) not in FIELDS
    ]
    if not statements:
        return SEE_TABLES
    remedy = on_database(examination.host.database, *statements)
    advice = _(
        "Another program has added this column. Let it be empty where that program doesn't fill it:"
    )
    return remedy._replace(advice=advice)


def widen(examination: Examination, error: str) -> Remedy | None:
    """Make the column longer that a new mailbox needs."""
    named = COLUMN.search(error)
    short = [each.params for each in definitions.refusals() if each.code == "too_short"]
    tables = [str(each["table"]) for each in short if named and each["column"] == named[1]]
    return column_lengths.widen(examination, tables[0], named[1]) if named and tables else None


def read_only(examination: Examination, error: str, place: DatabaseHost | None) -> Remedy:
    """Say how a server that only answers questions takes changes again."""
    found = OPTION.search(error)
    if place and not found and (usual := mysql_settings.remedy(examination.host, place)):
        return usual
    if not found or not place:
        advice = _(
            "The database only allows reading: let it, its disk or its file be written again."
        )
        return Remedy(advice)
    name = "super_read_only" if found[1] else "read_only"
    advice = _(
        "The database server only allows reading; mail goes on working, but the panel can't change "
        "anything. If it is a replica, set MAIL_DATABASE_URL to its primary. Otherwise, let it be "
        "written again:"
    )
    return Remedy(advice, f'{sql_client(place)} --execute="SET GLOBAL {name} = 0"')
