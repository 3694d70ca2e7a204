"""Locks that other sessions hold on the tables: bounded waits for them, and who holds them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connections

from mailboxes.conf import DatabaseHost
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import Remedy, sql_client
from mailboxes.doctor.words import quoted
from mailboxes.texts import gettext as _

SECONDS = 2
BUSY = (1205, 1206, 1213)
SESSIONS = """
SELECT id, user, host, command, time, IFNULL(LEFT(info, 100), '')
FROM information_schema.processlist
WHERE id <> CONNECTION_ID() AND db = '{database}' AND user NOT IN ({users})
AND IFNULL(state, '') NOT LIKE 'Waiting for %' ORDER BY time DESC LIMIT 5
"""
"""Without those that wait themselves; the daemons and the panel hold no lock for long."""


class Holders(NamedTuple):
    remedy: Remedy
    lines: str


def bound_waits(cursor: Any) -> None:
    """Let a connection to MySQL wait less than the time of an examination."""
    cursor.execute(
        "SET SESSION lock_wait_timeout=%s, innodb_lock_wait_timeout=%s", [SECONDS, SECONDS]
    )


def execute_once(connection: Any, statements: Iterable[str]) -> list[str]:
    """Execute statements in a connection to MySQL with bounded waits, and close it.

    Return those that gave no rows.
    """
    try:
        bound_waits(connection.cursor())
        return [each for each in statements if not connection.cursor().execute(each)]
    finally:
        connection.close()


@contextmanager
def usual_waits_afterwards() -> Iterator[None]:
    try:
        yield
    finally:
        connection = connections["mail"]
        if connection.vendor == "mysql" and not connection.in_atomic_block:
            connection.close()  # the next one has the panel's usual waits


def holders(examination: Examination, place: DatabaseHost) -> Holders:
    """Find the sessions that may hold a lock; only root sees those of others, on this machine."""
    client = sql_client(place)
    advice = _(
        "Another session holds a lock: usually the one that has slept or run longest. Find it, and "
        "end it with KILL and its Id:"
    )
    remedy = Remedy(advice, f'{client} --execute="SHOW FULL PROCESSLIST"')
    if not (examination.access.sees_all and place.is_local):
        return Holders(remedy, "")
    host = examination.host
    users = (host.lookup.user, host.auth.user, connections["mail"].settings_dict["USER"])
    sql = SESSIONS.format(
        database=literal(host.database.name),
        users=", ".join(f"'{literal(user)}'" for user in users),
    )
    command = [*client.split(), "--batch", "--skip-column-names", f"--execute={sql}"]
    found = [quoted(line) for line in examination.access.run(command).stdout.splitlines()]
    if len(found) == 1:
        advice = _("A session of another program holds a lock. If it isn't about to end, end it:")
        number = found[0].split()[0]
        remedy = Remedy(advice, f'{client} --execute="KILL {number}"')
    return Holders(remedy, "\n".join(found))


def literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "''")
