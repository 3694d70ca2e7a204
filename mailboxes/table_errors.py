"""Errors of tables that can't be read, as opposed to a database that is unavailable."""

from django.db import DatabaseError, connections

DENIED = (1142, 1143)
"""MariaDB's and MySQL's errors for a command that the account may not use on a table, a column."""

UNREADABLE = (*DENIED, 145, 1194, 1195, 1356, 1449)
"""Errors for tables that can't be read: also crashed ones, and views of what is gone."""

ACCESS_DENIED = 1045
"""MariaDB's error for a view whose account is gone, unless that is 1449. It is also the error for a
wrong password, but then there is no connection."""


def is_unreadable(error: DatabaseError) -> bool:
    """Say whether a table can't be read, such as a view of one that is gone or not allowed."""
    code = error.args[0] if error.args else ""
    if code == ACCESS_DENIED:
        return connections["mail"].connection is not None
    return code in UNREADABLE or (isinstance(code, str) and code.startswith("no such table"))
