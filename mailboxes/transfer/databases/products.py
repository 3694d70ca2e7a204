"""The programs whose databases can be imported, and which of them a database belongs to."""

from mailboxes.errors import Refused, gettext_noop
from mailboxes.inspection.products import identify, unreadable
from mailboxes.transfer.databases import (
    howto,
    iredmail,
    ispmail,
    mailcow,
    modoboa,
    postfixadmin,
    vimbadmin,
)
from mailboxes.transfer.databases.reader import Reader
from mailboxes.transfer.databases.source import Source

UNKNOWN = gettext_noop(
    "These tables don't belong to a supported program: %(tables)s. The supported ones are "
    "PostfixAdmin, ISPmail, iRedMail, ViMbAdmin 3, Modoboa, mailcow and the howto with domains, "
    "users and forwardings. If the table names have a prefix, use --prefix."
)
NO_TABLES = gettext_noop("This account can't see any tables. Allow it to read them (GRANT SELECT).")
MISSING = gettext_noop(
    "A database of %(product)s has the columns %(columns)s in the table %(table)s, but they are "
    "missing here. Upgrade that program first, or choose another one with --product."
)
MAX_TABLES = 10
READERS = {
    "postfixadmin": postfixadmin.READER,
    "ispmail": ispmail.READER,
    "iredmail": iredmail.READER,
    "vimbadmin": vimbadmin.READER,
    "modoboa": modoboa.READER,
    "mailcow": mailcow.READER,
    "howto": howto.READER,
}
"""How --product names them."""


def find_reader(source: Source, name: str = "") -> Reader:
    """Return how to read the database, as the program of this name or of the one it looks like."""
    if not source.columns and not source.unreadable:
        raise Refused(NO_TABLES, code="no_tables")
    product = identify(source.columns).name
    readers = {reader.product: reader for reader in READERS.values()}
    reader = READERS[name] if name else readers.get(product)
    for refusal in unreadable(source.unreadable, needed_tables(reader)):
        raise refusal
    if reader is None:
        tables = sorted(source.columns)
        more = ["…"] if len(tables) > MAX_TABLES else []
        params = {"tables": ", ".join([*tables[:MAX_TABLES], *more])}
        raise Refused(UNKNOWN, params, code="unknown")
    for table, columns in reader.needed.items():
        if missing := sorted(set(columns.split()) - source.columns.get(table, frozenset())):
            params = {"product": reader.product, "table": table, "columns": ", ".join(missing)}
            raise Refused(MISSING, params, code="columns")
    return reader


def needed_tables(reader: Reader | None) -> set[str]:
    """Return what a reader reads; of an unknown program, what any of them does."""
    readers = [reader] if reader else READERS.values()
    return {table for each in readers for table in each.needed}
