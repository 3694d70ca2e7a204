"""Errors of a database that is unavailable, as opposed to one that rejects a query."""

from enum import Enum

from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError, InterfaceError, OperationalError


class Outage(Enum):
    """Why a database can't be used, which decides what to do about it."""

    UNAVAILABLE = "unavailable"
    READ_ONLY = "read-only"
    BUSY = "busy"
    FULL = "full"


# Errors of libmariadb and the servers, by their numbers.
MYSQL_CODES = {
    Outage.UNAVAILABLE: (
        *(1040, 1203, 1226),  # too many connections, or more than the account may have
        *(1044, 1045, 1049, 1129, 1130),  # access denied, no such database, host blocked
        *(1047, 1152, 1184),  # a node of Galera that isn't ready; connection aborted
        *(1053, 1317, 1927),  # shutting down, query interrupted, connection killed
        *(1158, 1159, 1160, 1161),  # the network between server and panel
        *(1180, 2002, 2003, 2005, 2006, 2013, 2026, 2055, 4031),  # no connection, or lost
    ),
    Outage.READ_ONLY: (1036, 1223, 1290, 1792, 1836),
    Outage.BUSY: (1020, 1205, 1206, 1213),  # 1020 with innodb_snapshot_isolation, since 11.6
    Outage.FULL: (1021, 1114),
}
SQLITE_WORDS = {
    Outage.UNAVAILABLE: ("unable to open",),
    Outage.READ_ONLY: ("readonly",),
    Outage.BUSY: ("is locked",),
    Outage.FULL: ("is full", "disk I/O"),
}
NO_SPACE = ("No space left", "Errcode: 28", "Got error 28")
"""Errors of several numbers have the operating system's own in their text."""


def database_error(error: BaseException) -> BaseException:
    """Return what a session couldn't be stored for; Django says that it was deleted."""
    if isinstance(error, SessionInterrupted):
        cause = error.__context__ and error.__context__.__context__
        return cause or error
    return error


def find_outage(error: BaseException) -> Outage | None:
    """Return why the database is unavailable, or None for all other errors."""
    error = database_error(error)
    if isinstance(error, InterfaceError):
        return Outage.UNAVAILABLE
    if not isinstance(error, DatabaseError) or not error.args:
        return None
    if any(words in str(error) for words in NO_SPACE):
        return Outage.FULL
    if isinstance(error.args[0], int):
        return next((kind for kind, codes in MYSQL_CODES.items() if error.args[0] in codes), None)
    if not isinstance(error, OperationalError):
        return None
    found = (
        kind for kind, words in SQLITE_WORDS.items() if any(word in str(error) for word in words)
    )
    return next(found, None)
