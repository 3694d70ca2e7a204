"""The SQL that gives the panel's own database accounts what .env expects of them."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from mailboxes.adoption.mark import LOCAL, find_adoption
from mailboxes.conf import LOCAL_NAMES
from mailboxes.export.quoting import sql_name, sql_text

URLS = {"default": "DATABASE_URL", "mail": "MAIL_DATABASE_URL"}
ROWS = "SELECT, INSERT, UPDATE, DELETE"
"""All that an adopted database needs, whose tables are another program's."""


def statements() -> list[str]:
    """Return the statements; none for databases that aren't on this machine's MySQL server."""
    here = {alias: each for alias in URLS if is_here(each := settings.DATABASES[alias])}
    found = [line for alias, database in here.items() for line in of_database(alias, database)]
    return ["SET NAMES utf8mb4;", "SET SESSION sql_mode = '';", *found] if found else []


def is_here(database: dict[str, Any]) -> bool:
    host = str(database.get("HOST") or "")
    return database["ENGINE"].endswith("mysql") and (host in LOCAL or host.startswith("/"))


def of_database(alias: str, database: dict[str, Any]) -> Iterator[str]:
    user = sql_text(database["USER"], URLS[alias])
    password = sql_text(database["PASSWORD"], URLS[alias])
    name = sql_name(database["NAME"], URLS[alias])
    rights = "ALL" if alias == "default" else mail_rights()
    for at in LOCAL_NAMES:
        yield f"CREATE USER IF NOT EXISTS {user}@'{at}' IDENTIFIED BY {password};"
        yield f"ALTER USER {user}@'{at}' IDENTIFIED BY {password} ACCOUNT UNLOCK;"
        yield f"GRANT {rights} ON {name}.* TO {user}@'{at}';"


def mail_rights() -> str:
    """Return what the panel needs; no more than rows, unless the tables are known to be its own."""
    try:
        is_own = find_adoption() is None
    except DatabaseError:
        return f"{ROWS}, TRIGGER"
    return "ALL" if is_own else ROWS
