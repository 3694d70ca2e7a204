"""Whether the panel's own migrations created the tables in the mail database."""

from django.db import connections
from django.db.backends.utils import CursorWrapper

from mailboxes.models import Alias, AliasDomain, Domain, LastLogin, Mailbox, Usage

MODELS = (Alias, AliasDomain, Domain, Mailbox)
NOTHING_OF = {
    "alias": "SELECT * FROM alias LIMIT 0",
    "alias_domain": "SELECT * FROM alias_domain LIMIT 0",
    "domain": "SELECT * FROM domain LIMIT 0",
    "mailbox": "SELECT * FROM mailbox LIMIT 0",
}
NEUTRAL = {Usage._meta.db_table, LastLogin._meta.db_table, "django_migrations"}
"""Tables that don't show whose database it is: Dovecot's instructions create two of them, and
`migrate --fake` the third."""


def foreign_tables() -> list[str]:
    """Return the tables in the mail database that another program has created, if any.

    Those with a name of ours are told apart by their first column: ours begin with `created`, in
    every version of the migrations, PostfixAdmin's and its relatives' with their key. A row of
    `django_migrations` proves nothing, since `migrate --fake` writes it too.
    """
    introspection = connections["mail"].introspection
    with connections["mail"].cursor() as cursor:
        existing = {table.name for table in introspection.get_table_list(cursor)}
        ours = {model._meta.db_table: model._meta.concrete_fields[0].column for model in MODELS}
        if not existing & ours.keys():
            return sorted(existing - NEUTRAL)
        return [
            table
            for table in sorted(existing & ours.keys())
            if first_column(cursor, table) != ours[table]
        ]


def first_column(cursor: CursorWrapper, table: str) -> str:
    """Return a column's name without reading the others' properties, as introspection does."""
    cursor.execute(NOTHING_OF[table])
    return str(cursor.description[0][0])
