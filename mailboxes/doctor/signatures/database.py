"""What each daemon writes about the database."""

from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost
from mailboxes.doctor import remedies
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART,
    CREATE,
    RAISE_LIMIT,
    Remedy,
    grant,
    start_database,
)
from mailboxes.doctor.signatures.remedies import EXAMINE
from mailboxes.doctor.signatures.signature import fault


def create_accounts(host: MailHost) -> Remedy:
    places = host.database.hosts
    return grant(host, places[0]) if places else EXAMINE


def start(host: MailHost) -> Remedy:
    places = host.database.hosts
    return start_database(host, places[0]) if places else EXAMINE


def allow_more(host: MailHost) -> Remedy:
    places = host.database.hosts
    return remedies.allow_more(host, places[0], "max_connections") if places else EXAMINE


SIGNATURES = (
    fault(
        "database.refused",
        _(
            "The database refuses an account of the daemons: its password is wrong, or it isn't "
            "allowed from this host."
        ),
        create_accounts,
        "Access denied for user",
        "is not allowed to connect to this",
    ),
    fault(
        "database.grant",
        _("A database account of the daemons has no right to read what it needs."),
        create_accounts,
        " command denied to user",
    ),
    fault(
        "database.plugin",
        _("The database demands an authentication plugin that the daemons don't have."),
        create_accounts,
        "caching_sha2_password",
        "Authentication plugin '…' cannot be loaded",
    ),
    fault(
        "database.connections",
        _("The database allows no more connections."),
        allow_more,
        "Too many connections",
    ),
    fault(
        "database.connections",
        _("A database account of the daemons has as many connections as it may have."),
        RAISE_LIMIT,
        "has exceeded the 'max_user_connections'",
    ),
    fault(
        "database.collation",
        _("Columns that are compared have different collations, so lookups fail."),
        EXAMINE,
        "Illegal mix of collations",
    ),
    fault(
        "database.tables",
        _("A table or a column is missing in the mail database."),
        CREATE,
        "Unknown column '…' in",
        "Table '…' doesn't exist",
        "no such table: ",
        "no such column: ",
    ),
    fault(
        "database.file",
        _("The SQLite database can't be opened, or has been locked for too long."),
        APPLY_AND_RESTART,
        "unable to open database file",
        "database is locked",
    ),
    fault(
        "database.unreachable",
        _("The database doesn't answer the daemons."),
        start,
        "Can't connect to …server",
        "Lost connection to …server",
        "server has gone away",
        "sql: Not connected to database",
    ),
)
