"""Which program created the tables in the mail database, by their columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from mailboxes.errors import Refused, gettext_noop
from mailboxes.formats import database_message
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.origin import foreign_tables
from mailboxes.outages import find_outage
from mailboxes.table_errors import ACCESS_DENIED

Columns = dict[str, frozenset[str]]
"""The columns of each table, by its name."""

POSTFIXADMIN = "PostfixAdmin"
HOWTO = "the howto (domains, users, forwardings)"
EMPTY = gettext_noop(
    "There are no tables in the mail database. To create them, run: ./deploy/run --setup"
)
OURS = gettext_noop("The panel created these tables itself, so there is nothing to adopt.")
UNKNOWN = gettext_noop(
    "The panel doesn't recognize these tables. It can use those of PostfixAdmin 3.3 and later."
)
PREFIXED = gettext_noop(
    "These are the tables of PostfixAdmin with the prefix “%(prefix)s”. The panel can use them "
    "through views. On the database host, create one for each table, such as: CREATE VIEW "
    "mailbox AS SELECT * FROM %(prefix)smailbox;"
)
OTHER = gettext_noop(
    "These are the tables of %(product)s. The panel can only use those of PostfixAdmin 3.3 and "
    "later. Import what is in them with manage.py importdatabase."
)
UNREADABLE = gettext_noop(
    "The table “%(table)s” can't be read. The database says: %(reason)s. Repair it first; for a "
    "view, that means its definition, or the account that it runs as (its definer)."
)
TOO_OLD = gettext_noop(
    "The table %(table)s lacks the columns %(columns)s, so these are the tables of an old "
    "PostfixAdmin. Upgrade PostfixAdmin to 3.3 or later first."
)


@dataclass(frozen=True)
class Product:
    """A program and, if its columns tell, its version."""

    name: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True)
class Definitions:
    columns: Columns
    unreadable: dict[str, str] = field(default_factory=dict)
    """What the database says of tables that can't be read, such as a view of one that is gone."""


def read_definitions(connection: BaseDatabaseWrapper) -> Definitions:
    """Return the columns of all tables and views; only their definitions are read."""
    introspection, found = connection.introspection, Definitions({})
    with connection.cursor() as cursor:
        for table in introspection.get_table_list(cursor):
            try:
                columns = introspection.get_table_description(cursor, table.name)
            except DatabaseError as error:
                if find_outage(error) and error.args[0] != ACCESS_DENIED:
                    raise
                found.unreadable[table.name] = database_message(error)
            else:
                found.columns[table.name] = frozenset(column.name for column in columns)
    return found


def read_columns(connection: BaseDatabaseWrapper) -> Columns:
    """Return the columns of all tables and views that can be read."""
    return read_definitions(connection).columns


def unreadable(tables: Mapping[str, str], needed: Iterable[str]) -> list[Refused]:
    """Return why needed tables can't be read."""
    return [
        Refused(UNREADABLE, {"table": table, "reason": tables[table]}, code="unreadable")
        for table in sorted(tables.keys() & set(needed))
    ]


def identify(columns: Columns) -> Product:
    """Return the product that has such tables; without a name if nothing fits.

    Row `version` of PostfixAdmin's `config` proves nothing: an upgrade may have been interrupted,
    and the same number stands for different columns.
    """
    mailbox, alias = columns.get("mailbox", frozenset()), columns.get("alias", frozenset())
    marks = {
        "ISPmail": {"domain_id", "email"} <= columns.get("virtual_users", frozenset()),
        "Modoboa": {"core_user", "admin_mailbox"} <= columns.keys(),
        "iRedMail": "storagebasedirectory" in mailbox,
        "mailcow": {"attributes", "kind"} <= mailbox,
        "ViMbAdmin": "Domain_id" in mailbox,
        HOWTO: {"source", "destination"} <= columns.get("forwardings", frozenset()),
    }
    for name, fits in marks.items():
        if fits:
            return Product(name)
    if not {"username", "maildir"} <= mailbox or not {"address", "goto"} <= alias:
        return Product()
    if "description" in alias:
        return Product(POSTFIXADMIN, "newer than 4.0")
    if "smtp_active" in mailbox or "mailbox_app_password" in columns:
        return Product(POSTFIXADMIN, "4.0")
    if {"password_expiry", "token"} <= mailbox:
        return Product(POSTFIXADMIN, "3.3")
    return Product(POSTFIXADMIN, "3.2 or earlier" if "phone" in mailbox else "2.x")


def find_product(columns: Columns) -> Product:
    """Return the product that created the tables in the mail database."""
    found = identify(columns)
    is_ours = found.name == POSTFIXADMIN and not foreign_tables()
    return Product("mailadmin") if is_ours else found


def refusals(product: Product, columns: Columns) -> list[Refused]:
    """Return why the panel can't use these tables as they are."""
    if not columns:
        return [Refused(EMPTY, code="empty")]
    if product.name == "mailadmin":
        return [Refused(OURS, code="ours")]
    if prefix := find_prefix(columns):
        return [Refused(PREFIXED, {"prefix": prefix}, code="prefix")]
    if not product.name:
        return [Refused(UNKNOWN, code="unknown")]
    if product.name != POSTFIXADMIN:
        return [Refused(OTHER, {"product": product.name}, code="other_product")]
    return [
        Refused(TOO_OLD, {"table": table, "columns": ", ".join(missing)}, code="too_old")
        for table, missing in missing_columns(columns).items()
    ]


def find_prefix(columns: Columns) -> str:
    """Return the prefix of PostfixAdmin's tables; empty if they have none, or views without it."""
    prefixes = (table.removesuffix("mailbox") for table in columns if table.endswith("mailbox"))
    tables = {"domain", "mailbox", "alias", "alias_domain"}
    found = {one for one in prefixes if {f"{one}{table}" for table in tables} <= columns.keys()}
    return "" if "" in found else min(found, default="")


def missing_columns(columns: Columns) -> dict[str, list[str]]:
    """Return what the panel needs and doesn't find, by table."""
    found: dict[str, list[str]] = {}
    for model in (Domain, Mailbox, Alias, AliasDomain):
        table = model._meta.db_table
        needed = {str(field.column) for field in model._meta.concrete_fields}
        if missing := sorted(needed - columns.get(table, frozenset())):
            found[table] = missing
    return found
