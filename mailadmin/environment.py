"""Reading settings from the environment or from `.env`, each with an error that is a sentence."""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def read_file() -> None:
    """Read `.env`, or the file that ENV_FILE names; the environment's own variables stay."""
    file = Path(os.environ.get("ENV_FILE", BASE_DIR / ".env"))
    if not file.exists():
        return
    for place, line in enumerate(file.read_text().splitlines(), 1):
        if line and not re.match(r"#|[A-Z0-9_]+=", line):
            raise ImproperlyConfigured(
                f"Line {place} of {file} is neither NAME=value nor a # comment."
            )
    environ.Env.read_env(file)


def text(name: str, default: str | None = None) -> str:
    """Return the variable unchanged; django-environ's own reader would expand a leading $."""
    value = os.environ.get(name, default)
    if not value and default is None:
        raise ImproperlyConfigured(f"{name} is not set. It is described in deploy/env.example.")
    return value or ""


def flag(name: str, default: str) -> bool:
    value = text(name, default).lower()
    if value not in {"true", "false", "yes", "no", "on", "off", "1", "0"}:
        raise ImproperlyConfigured(f"{name} is “{value}”. Set it to true or false.")
    return value in {"true", "yes", "on", "1"}


def positive_number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or not value.isascii() or int(value) == 0:
        raise ImproperlyConfigured(f"{name} is “{value}”. Set it to a whole number, at least 1.")
    return int(value)


def url_path(name: str) -> str:
    """Return the path without a slash at its end; empty for none."""
    value = text(name, "").rstrip("/")
    if value and not re.fullmatch(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+", value):
        raise ImproperlyConfigured(f"{name} is “{value}”. Set it to a path, such as /mailadmin.")
    return value


def items(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


# How long to wait for a row, a table or a file that others have locked. Our own changes take
# milliseconds, and a request that waits holds one of the service's 12 threads: with MariaDB's
# defaults, 50 seconds for a row and a day for a table, one lock would stop the panel.
LOCK_WAIT_SECONDS = 5


def is_remote(database: dict[str, Any]) -> bool:
    """Say whether this MySQL database is reached over TCP, not over a socket."""
    local = database["HOST"] in ("", "localhost") or database["HOST"].startswith("/")
    return not local and "unix_socket" not in database.get("OPTIONS", {})


def tls_options() -> dict[str, Any]:
    """Return what makes the client check the server's certificate and its name."""
    authority = text("MAIL_DB_TLS", "")
    return {"ssl_mode": "VERIFY_IDENTITY", "ssl": {"ca": authority}} if authority else {}


def database(name: str, default: str, journal: str) -> dict[str, Any]:
    url = text(name, default)
    try:
        found = dict(environ.Env.db_url_config(url.replace("+", "%2B")))  # it would become a space
        urlsplit(url).port  # noqa: B018 (raises for a port that is no number)
    except (ValueError, KeyError, ImproperlyConfigured):
        found = {}
    if found.get("ENGINE") == "django.db.backends.sqlite3" and found["NAME"] != ":memory:":
        found["NAME"] = str(BASE_DIR / found["NAME"])
        # IMMEDIATE: two writers wait for each other instead of failing at their first write.
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": LOCK_WAIT_SECONDS,
            "init_command": f"PRAGMA journal_mode={journal}",
        }
    elif (
        found.get("ENGINE") == "django.db.backends.mysql"
        and found["NAME"]
        and set(found.get("OPTIONS", {})) <= {"unix_socket", "connect_timeout", "ssl_mode"}
    ):
        # From 200 values on, the server would guess how many rows an IN finds. For an administrator
        # of 300 small domains beside a large one, it would then read the whole table.
        found["OPTIONS"] = {
            "charset": "utf8mb4",
            "sql_mode": "STRICT_TRANS_TABLES",
            "isolation_level": "read committed",
            "connect_timeout": 5,
            "init_command": f"SET SESSION innodb_lock_wait_timeout={LOCK_WAIT_SECONDS}, "
            f"lock_wait_timeout={LOCK_WAIT_SECONDS}, eq_range_index_dive_limit=0",
            **found.get("OPTIONS", {}),
            **(tls_options() if is_remote(found) else {}),
        }
    else:
        raise ImproperlyConfigured(
            f"{name} is not a usable database URL. Set it to sqlite:///var/name.sqlite3 or to "
            "mysql://user:password@host:port/name; in the password, write # / : @ % as %23 %2F %3A "
            "%40 %25."
        )
    return {**found, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


def mail_server(url: str) -> SplitResult:
    """Return the parts of EMAIL_URL, with the port that the scheme implies."""
    found, port = urlsplit(url), None
    with suppress(ValueError):  # a port that is no number
        port = found.port or {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}.get(found.scheme)
    if not found.hostname or not port:
        raise ImproperlyConfigured(
            "EMAIL_URL is not the URL of a mail server. Set it to smtp://localhost:25 or to "
            "smtp+tls://user:password@host:587; in the password, write # / : @ % as %23 %2F %3A "
            "%40 %25."
        )
    return found._replace(netloc=found.netloc if found.port else f"{found.netloc}:{port}")
