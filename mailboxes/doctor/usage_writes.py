"""V2: whether Dovecot may write usage and last sign-ins, without which mail works all the same."""

from collections.abc import Callable, Iterator
from typing import Any

import MySQLdb

from mailboxes.conf import Account, DatabaseHost, MailHost
from mailboxes.doctor import mysql_locks
from mailboxes.doctor.finding import Finding, warning
from mailboxes.doctor.mysql_errors import MISSING, NOT_GRANTED, Refusal
from mailboxes.doctor.remedies import grant
from mailboxes.texts import gettext as _

WRITES = (
    "INSERT INTO quota2 (username, bytes, messages) SELECT username, bytes, messages FROM quota2 "
    "WHERE 1 = 0 ON DUPLICATE KEY UPDATE bytes = 0, messages = 0",
    "INSERT INTO last_login (username, domain, last_login) SELECT username, domain, last_login "
    "FROM last_login WHERE 1 = 0 ON DUPLICATE KEY UPDATE last_login = 0, domain = ''",
)
"""What Dovecot does, with no row to do it with."""

Connect = Callable[[MailHost, DatabaseHost, Account], Any]


def examine(host: MailHost, place: DatabaseHost, connect: Connect) -> Iterator[Finding]:
    """Try what needs a right or a table that grants.sql gives; nothing is written."""
    try:
        mysql_locks.execute_once(connect(host, place, host.auth), WRITES)
    except MySQLdb.Error as error:
        refusal = Refusal("database.usage", host.auth.user, place, error)
        if refusal.number not in (*NOT_GRANTED, *MISSING):  # a replica only allows reading
            return
        seen = _(
            "Dovecot can't write usage or last sign-ins with %(account)s on %(place)s, so the "
            "panel shows old ones, and full mailboxes aren't noticed: %(error)s."
        )
        yield warning("database.usage", seen % refusal.params, grant(host, place))
