"""Accounts that a MySQL server knows, but has locked, expired or limited, and what ends that."""

import re
from shlex import quote

from mailboxes.conf import DatabaseHost, MailHost
from mailboxes.doctor.remedies import (
    RAISE_LIMIT,
    Remedy,
    grant,
    grant_panel,
    restart_readers,
    sql_client,
)
from mailboxes.export.render import accounts_at
from mailboxes.texts import gettext as _

LOCKED = (3118, 4151)
EXPIRED = (1820, 1862)
LIMITED = 1226
RESOURCE = re.compile(r"'(max_[a-z_]+)'")
LIMITS = {
    "max_user_connections": "MAX_USER_CONNECTIONS",
    "max_connections_per_hour": "MAX_CONNECTIONS_PER_HOUR",
    "max_queries_per_hour": "MAX_QUERIES_PER_HOUR",
    "max_updates_per_hour": "MAX_UPDATES_PER_HOUR",
    "max_questions": "MAX_QUERIES_PER_HOUR",
    "max_updates": "MAX_UPDATES_PER_HOUR",
}
"""What ALTER USER calls the limits that the server names in its errors."""


def unlock(host: MailHost, place: DatabaseHost, account: str) -> Remedy:
    advice = _("Unless it was locked on purpose, unlock it, then restart what uses it:")
    return Remedy(advice, alter(host, place, account, "ACCOUNT UNLOCK"))


def renew(host: MailHost, place: DatabaseHost, *, is_panel: bool) -> Remedy:
    """Give an account a password again; that of the panel isn't in the exported files."""
    if not is_panel:
        return grant(host, place)
    return grant_panel(host, place)


def lift(host: MailHost, place: DatabaseHost, account: str, error: str) -> Remedy:
    """Remove the limit that the error names."""
    found = RESOURCE.search(error)
    name = LIMITS.get(found[1]) if found else None
    if name is None:
        return RAISE_LIMIT
    advice = _(
        "This limit is the account's own. Raise it; 0 is the server's own limit. Then restart what "
        "uses it:"
    )
    return Remedy(advice, alter(host, place, account, f"WITH {name} 0"))


def alter(host: MailHost, place: DatabaseHost, account: str, option: str) -> str:
    """Return the command that changes an account for each host that it connects from."""
    user = account.replace("\\", "\\\\").replace('"', '\\"')
    accounts = ", ".join(f'"{user}"@"{at}"' for at in accounts_at(host.database))
    sql = f"ALTER USER IF EXISTS {accounts} {option}"
    return f"{sql_client(place)} --execute={quote(sql)} && {restart_readers(host)}"
