"""The SQL that gives the panel's own database accounts what .env expects of them."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings

from mailboxes.adoption.mark import LOCAL
from mailboxes.adoption.models import Adoption
from mailboxes.conf import LOCAL_NAMES
from mailboxes.export.quoting import sql_name, sql_text

URLS = {"default": "DATABASE_URL", "mail": "MAIL_DATABASE_URL"}
ROWS = "SELECT, INSERT, UPDATE, DELETE"
"""All that an adopted database needs, whose tables are another program's."""


def statements() -> list[str]:
    """Return the statements; none for databases that aren't on this machine's MySQL server."""
    here = {alias: each for alias in URLS if is_here(each := settings.DATABASES[alias])}
    found = [line for alias, database in here.items() for line in of_database(alias, database)]
    if len(here) == len(URLS):
        found += whole_database(here["default"], here["mail"])
    return ["SET NAMES utf8mb4;", "SET SESSION sql_mode = '';", *found] if found else []


def is_here(database: dict[str, Any]) -> bool:
    host = str(database.get("HOST") or "")
    return database["ENGINE"].endswith("mysql") and (host in LOCAL or host.startswith("/"))


def of_database(alias: str, database: dict[str, Any]) -> Iterator[str]:
    user = sql_text(database["USER"], URLS[alias])
    password = sql_text(database["PASSWORD"], URLS[alias])
    name = sql_name(database["NAME"], URLS[alias])
    rights = "ALL" if alias == "default" else ROWS
    for at in LOCAL_NAMES:
        yield f"CREATE USER IF NOT EXISTS {user}@'{at}' IDENTIFIED BY {password};"
        yield f"ALTER USER {user}@'{at}' IDENTIFIED BY {password} ACCOUNT UNLOCK;"
        yield f"GRANT {rights} ON {name}.* TO {user}@'{at}';"


def whole_database(panel: dict[str, Any], mail: dict[str, Any]) -> Iterator[str]:
    """Give all rights to mail tables that are the panel's own; only its database knows that."""
    table = f"{sql_name(panel['NAME'], URLS['default'])}.{Adoption._meta.db_table}"
    adopted = sql_text(mail["NAME"], URLS["mail"])
    given = f"IF(COUNT(*), '{ROWS}', 'ALL')"
    yield f"SET @rights = (SELECT {given} FROM {table} WHERE `database` = {adopted});"  # noqa: S608 # nosec B608
    for at in LOCAL_NAMES:
        user = f"{sql_text(mail['USER'], URLS['mail'])}@'{at}'"
        grant = sql_text(f" ON {sql_name(mail['NAME'], URLS['mail'])}.* TO {user}", URLS["mail"])
        yield f"SET @grant = CONCAT('GRANT ', @rights, {grant});"
        yield "PREPARE s FROM @grant; EXECUTE s; DEALLOCATE PREPARE s;"
