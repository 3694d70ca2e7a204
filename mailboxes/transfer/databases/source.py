"""Another program's database, which is only read: SELECT in transactions that can't write."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from MySQLdb.cursors import SSCursor

from mailboxes.errors import Refused, gettext_noop
from mailboxes.foreign_flags import with_conditions
from mailboxes.inspection.products import Columns, read_definitions

BAD_URL = gettext_noop(
    "This URL can't be used. Enter mysql://user@host/database or sqlite:////path/to/file."
)
PASSWORD_IN_URL = gettext_noop(
    "The URL contains a password, which any user on the machine could read in the list of "
    "processes. Leave it out: you are asked for it, or it is read from "
    "SOURCE_DATABASE_PASSWORD in the environment."
)
NO_FILE = gettext_noop("The database file %(path)s doesn't exist.")
BAD_PREFIX = gettext_noop(
    "“%(prefix)s” can't be a table prefix. Use letters, digits and underscores only."
)
SAME = gettext_noop(
    "This is the mail database that the panel uses. Enter the URL of another one, or use --prefix."
)
FETCHED = 2000
# The server gives up on a client that takes no rows for so long, as while passwords are hashed.
MAX_PAUSE = "SET SESSION net_write_timeout = 28800"
OPTIONS = {
    "charset": "utf8mb4",
    "isolation_level": "repeatable read",
    "connect_timeout": 10,
    "init_command": "SET SESSION TRANSACTION READ ONLY",
    # Rows stay on the server until they are read; otherwise the client would keep a whole table.
    "cursorclass": SSCursor,
}
KNOWN_OPTIONS = {"unix_socket", "ssl_mode"}
T = TypeVar("T")


def parse_url(url: str) -> dict[str, Any]:
    """Return Django's settings for the database; refuse a URL with a password."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("mysql", "sqlite") or (parts.scheme == "sqlite" and parts.netloc):
            raise ValueError(parts.scheme)
        found = dict(environ.Env.db_url_config(url.replace("+", "%2B")))  # it would be a blank
    except (ValueError, KeyError, ImproperlyConfigured) as error:
        raise Refused(BAD_URL, code="url") from error
    if parts.password is not None:
        raise Refused(PASSWORD_IN_URL, code="password_in_url")
    if not found["NAME"] or not set(found.get("OPTIONS", {})) <= KNOWN_OPTIONS:
        raise Refused(BAD_URL, code="url")
    if parts.scheme == "sqlite":
        return {"ENGINE": found["ENGINE"], "NAME": file_name(existing_file(found["NAME"]))}
    return {**found, "OPTIONS": OPTIONS | found.get("OPTIONS", {})}


def existing_file(name: str) -> Path:
    try:
        path = Path(name).resolve()
        if path.is_file():
            return path
    except (OSError, ValueError):  # a name that is too long, or contains NUL
        path = Path(name)
    raise Refused(NO_FILE, {"path": str(path)}, code="no_file")


def has_accounts(database: dict[str, Any]) -> bool:
    """Say whether it is a server, which may want a password, and not a file."""
    return bool(database["ENGINE"] == "django.db.backends.mysql")


def is_mail_database(database: dict[str, Any]) -> bool:
    """Say whether these are the settings of the panel's own mail database."""
    mail = connections["mail"].settings_dict
    if not has_accounts(database):
        return str(database["NAME"]) == file_name(Path(mail["NAME"]))
    return server_of(database) == server_of(mail)


def server_of(database: dict[str, Any]) -> tuple[str, str, int, str]:
    host, port = database["HOST"] or "localhost", int(database["PORT"] or 3306)
    return database["ENGINE"], host, port, database["NAME"]


def file_name(path: Path) -> str:
    """Return the URI by which SQLite opens a file that exists, for reading only."""
    return f"file:{quote(str(path))}?mode=ro"


def without_prefix(tables: dict[str, T], prefix: str) -> dict[str, T]:
    """Return those whose name begins with the prefix, by the rest of it."""
    return {
        name.removeprefix(prefix): value
        for name, value in tables.items()
        if name.startswith(prefix)
    }


class Source:
    """The tables of another program.

    `{}` in a statement is replaced by the tables' prefix; {on active} and {off active} are
    conditions for flags.
    """

    def __init__(self, database: dict[str, Any], password: str = "", prefix: str = "") -> None:
        if not re.fullmatch("[A-Za-z0-9_]*", prefix):
            raise Refused(BAD_PREFIX, {"prefix": prefix}, code="prefix")
        if not prefix and is_mail_database(database):
            raise Refused(SAME, code="same")
        settings = {**database, "PASSWORD": password} if has_accounts(database) else database
        self.connection: BaseDatabaseWrapper = ConnectionHandler({"default": settings})["default"]
        self.prefix = prefix
        try:
            found = read_definitions(self.connection)
        except BaseException:
            self.close()
            raise
        self.columns: Columns = without_prefix(found.columns, prefix)
        self.unreadable = without_prefix(found.unreadable, prefix)

    def has(self, table: str, *columns: str) -> bool:
        return table in self.columns and set(columns) <= self.columns[table]

    def rows(self, sql: str) -> Generator[tuple[Any, ...]]:
        """Yield the rows of a statement; read them all before the next statement."""
        with self.connection.cursor() as cursor:  # which ignores errors when it is closed
            cursor.execute(with_conditions(sql.replace("{}", self.prefix)))
            while found := cursor.fetchmany(FETCHED):
                yield from found

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self.rows(sql))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Show all tables as they are now, whatever others write in the meantime."""
        begin = "BEGIN"
        if self.connection.vendor == "mysql":
            self.run(MAX_PAUSE)
            begin = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
        self.run(begin)
        try:
            yield
        finally:
            self.run("ROLLBACK")

    def close(self) -> None:
        self.connection.close()
