"""Whether the panel can work, as monitoring and load balancers ask it."""

import time
from collections.abc import Iterator
from contextlib import closing
from threading import Lock
from typing import Any

from django.db import DatabaseError, connections

from mailboxes.formats import database_message

QUERIES = {
    "default": "SELECT 1 FROM auth_user LIMIT 1",
    "mail": "SELECT 1 FROM mailbox LIMIT 1",
}
"""They read a table, which a Galera node without a quorum refuses; `SELECT 1` it answers."""

MAX_SECONDS = 3
"""How long a database may take: one that hangs would otherwise keep a thread until it goes on."""

MAX_AGE = 2
"""For how many seconds an answer holds, so that a flood of questions asks nothing."""


class Health:
    """What the databases answered last, in this process."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.asked = float("-inf")
        self.errors: dict[str, str] = {}

    def failures(self) -> dict[str, str]:
        """Return the databases that can't be used, with the reason."""
        with self.lock:
            if time.monotonic() - self.asked > MAX_AGE:
                self.errors = dict(ask_all())
                self.asked = time.monotonic()
            return self.errors


HEALTH = Health()


def ask_all() -> Iterator[tuple[str, str]]:
    for alias, query in QUERIES.items():
        try:
            with closing(hasty_connection(alias)) as connection, connection.cursor() as cursor:
                cursor.execute(query)
        except DatabaseError as error:
            yield alias, database_message(error)


def hasty_connection(alias: str) -> Any:
    """Return a connection of its own, which gives up after some seconds."""
    connection = connections.create_connection(alias)
    limits = {"timeout": MAX_SECONDS}
    if connection.vendor == "mysql":
        limits = {"connect_timeout": MAX_SECONDS, "read_timeout": MAX_SECONDS}
    options = connection.settings_dict["OPTIONS"] | limits
    connection.settings_dict = connection.settings_dict | {"OPTIONS": options}
    return connection
