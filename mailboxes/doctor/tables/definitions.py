"""The definitions of the tables: columns, their lengths, and storage engines."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from django.db import connections

from mailboxes import storage_engines
from mailboxes.doctor import backups, column_lengths
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning, working
from mailboxes.doctor.remedies import CREATE, Remedy, on_database
from mailboxes.inspection import definitions
from mailboxes.inspection.definitions import FIELDS
from mailboxes.inspection.products import Columns, missing_columns, read_columns, read_definitions
from mailboxes.lookup_tables.tables import creating
from mailboxes.models import AliasDomain, LastLogin, Usage
from mailboxes.origin import foreign_tables
from mailboxes.texts import gettext as _

READ_BY_DAEMONS = {
    *("domain.domain", "domain.transport", "domain.backupmx", "domain.active"),
    *("alias.address", "alias.goto", "alias.domain", "alias.active"),
    *("alias_domain.alias_domain", "alias_domain.target_domain", "alias_domain.active"),
    *("mailbox.username", "mailbox.password", "mailbox.maildir", "mailbox.quota"),
    *("mailbox.domain", "mailbox.active"),
}


MAY_BE_EMPTY = {model._meta.db_table: model for model in (AliasDomain, LastLogin, Usage)}
TABLES = {table for table, _column in FIELDS}


def examine(examination: Examination, deadline: float) -> Iterator[Finding]:
    found = [
        *columns(examination),
        *without_usage(examination),
        *lengths(examination),
        *engines(examination),
    ]
    yield from found
    if not found:
        seen = _("The tables have the columns and storage engines that are needed.")
        yield working("tables.definitions", seen)


def columns(examination: Examination) -> Iterator[Finding]:
    found = read_definitions(connections["mail"])
    here = found.columns
    for table, missing in missing_columns(here).items():
        if table in found.unreadable:  # which the hop "Database" names
            continue
        if table not in here:
            yield missing_table(examination, table, here)
            continue
        seen = _("The table %(table)s lacks the columns %(columns)s.")
        seen %= {"table": table, "columns": ", ".join(missing)}
        unknown = sorted(name for name in here[table] if (table, name) not in FIELDS)
        remedy = rename_or_add(examination, table, missing, unknown)
        lost = READ_BY_DAEMONS.intersection(f"{table}.{column}" for column in missing)
        yield (broken if lost else warning)("tables.columns", seen, remedy)


def without_usage(examination: Examination) -> Iterator[Finding]:
    """Name Dovecot's tables if they are gone; another program's database may lack them."""
    with connections["mail"].cursor() as cursor:
        names = connections["mail"].introspection.table_names(cursor)
    lacking = [table for table in MAY_BE_EMPTY if table not in (*names, *TABLES)]
    if lacking and not (foreign_tables() or TABLES.isdisjoint(names)):
        here = read_columns(connections["mail"])
        for table in lacking:
            yield missing_table(examination, table, here)


def columns_of(table: str) -> set[str]:
    return {str(field.column) for field in MAY_BE_EMPTY[table]._meta.concrete_fields}


def missing_table(examination: Examination, table: str, here: Columns) -> Finding:
    """Give a table its name back that seems to be renamed; an empty one would serve nobody."""
    seen = _("The table %(table)s is missing.") % {"table": table}
    if TABLES.isdisjoint(here):
        return broken("tables.missing", seen, CREATE)
    wanted = {column for owner, column in FIELDS if owner == table} or columns_of(table)
    renamed = [name for name, columns in here.items() if name not in TABLES and wanted <= columns]
    if not renamed:
        return broken("tables.missing", seen, restore_or_create(examination, table))
    statement = f"ALTER TABLE `{renamed[0]}` RENAME TO `{table}`"
    advice = _("If %(name)s is this table, give it its name back. On the database host, run:")
    remedy = on_database(examination.host.database, statement)
    return broken("tables.missing", seen, remedy._replace(advice=advice % {"name": renamed[0]}))


def restore_or_create(examination: Examination, table: str) -> Remedy:
    """Create a table again that can be empty; the others are only in a backup."""
    if table in MAY_BE_EMPTY and not foreign_tables():
        statements = creating(connections["mail"], MAY_BE_EMPTY[table])
        advice = _(
            "Restore it from a backup of the database (docs/backup.md). If it was empty, create it "
            "again. On the database host, run:"
        )
        remedy = on_database(examination.host.database, *statements)
        return remedy._replace(advice=advice)
    if newest := backups.newest():
        return backups.restore(examination.host, newest)
    return Remedy(_("Restore it from a backup of the database."))


def rename_or_add(
    examination: Examination, table: str, missing: Sequence[str], unknown: list[str]
) -> Remedy:
    """Give columns their names back that seem to be renamed; a new one would be empty."""
    renamed = {column: old for column in missing if (old := similar(column, unknown))}
    statements = [
        f"ALTER TABLE {table} RENAME COLUMN `{renamed[column]}` TO {column}"
        if column in renamed
        else add_column(table, column)
        for column in missing
    ]
    remedy = on_database(examination.host.database, *statements)
    if not renamed:
        return remedy
    advice = _(
        "The panel doesn't know the columns %(columns)s. If they are the missing ones, give them "
        "their names back. On the database host, run:"
    )
    return remedy._replace(advice=advice % {"columns": ", ".join(renamed.values())})


def similar(column: str, unknown: list[str]) -> str:
    """Return the column that seems to have had this name, or an empty string."""
    longer = [name for name in unknown if column in name]
    return next(iter(longer or get_close_matches(column, unknown)), "")


def add_column(table: str, column: str) -> str:
    """Return the statement that adds a column as the panel's own table has it."""
    field = FIELDS[table, column]
    editor = connections["mail"].schema_editor(collect_sql=True, atomic=False)
    definition, params = editor.column_sql(field.model, field, include_default=True)
    values = tuple(editor.quote_value(value) for value in params or ())
    name = editor.quote_name(column)
    return f"ALTER TABLE {editor.quote_name(table)} ADD COLUMN {name} {definition or ''}" % values


def lengths(examination: Examination) -> Iterator[Finding]:
    """Name columns that cut off what is stored: a shortened hash fits no password."""
    found = [each.params for each in definitions.refusals() if each.code == "too_short"]
    for params in sorted(found, key=lambda each: each["column"] != "password"):
        seen = _(
            "The column %(column)s of the table %(table)s can only store %(length)s "
            "characters; %(needed)s are needed."
        )
        remedy = column_lengths.widen(examination, str(params["table"]), str(params["column"]))
        yield warning("tables.length", seen % params, remedy)


def engines(examination: Examination) -> Iterator[Finding]:
    for refusal in storage_engines.refusals():
        seen = _(
            "The table %(table)s uses the storage engine %(engine)s, which can't roll back a "
            "failed change, so the panel refuses to change anything."
        )
        statement = f"ALTER TABLE {refusal.params['table']} ENGINE=InnoDB"
        remedy = on_database(examination.host.database, statement)
        yield warning("tables.engine", seen % refusal.params, remedy)
