"""V2: whether Dovecot may write usage and last sign-ins, without which mail works all the same."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import MySQLdb

from mailboxes.conf import Account, DatabaseHost, MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor import dovecot_causes, mysql_locks
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, warning
from mailboxes.doctor.mysql_errors import MISSING, NOT_GRANTED, SEE_TABLES, Refusal
from mailboxes.doctor.remedies import grant
from mailboxes.models import Usage
from mailboxes.texts import gettext as _

WRITES = (
    "INSERT INTO quota2 (username, bytes, messages) SELECT username, bytes, messages FROM quota2 "
    "WHERE 1 = 0 ON DUPLICATE KEY UPDATE bytes = 0, messages = 0",
    "INSERT INTO last_login (username, domain, last_login) SELECT username, domain, last_login "
    "FROM last_login WHERE 1 = 0 ON DUPLICATE KEY UPDATE last_login = 0, domain = ''",
)
"""What Dovecot does, with no row to do it with."""

SECONDS, PAUSE = 1.0, 0.1
"""How long it may take until usage is written; usually, it is when a message is stored."""

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
            "panel shows outdated figures, and full mailboxes aren't noticed: %(error)s."
        )
        remedy = SEE_TABLES if refusal.number in MISSING else grant(host, place)
        yield warning("database.usage", seen % refusal.params, remedy)


def noted(examination: Examination, address: str) -> Iterator[Finding]:
    """Say if Dovecot hasn't written the usage of a mailbox that has just got a message."""
    host = examination.host
    if host.variant.name != "v2" or host.database.engine == "sqlite":
        return  # without a server, nothing is written
    if not examination.reads_tables or "database.usage" in examination.named:
        return
    end = time.monotonic() + SECONDS
    while not Usage.objects.filter(pk=address).exists():
        if time.monotonic() > end:
            seen = _(
                "The message has arrived, but Dovecot hasn't written the mailbox's usage, so the "
                "panel shows outdated figures, and full mailboxes aren't noticed."
            )
            found = dovecot_causes.explain(examination, "delivery.usage", seen)
            yield replace(found, state=State.WARNING)
            return
        time.sleep(PAUSE)
