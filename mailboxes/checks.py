"""System checks: whether the MAIL_ settings describe a working host."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from mailboxes.conf import mail_host, postmaster
from mailboxes.errors import Refused
from mailboxes.storage_engines import check_engines


def check_mail_host(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Report settings that the exported daemons couldn't work with."""
    try:
        host = mail_host()
        postmaster()
    except Refused as error:
        return [Error(str(error), hint="See deploy/env.example.", id="mailboxes.E001")]
    if same_database(settings.DATABASES["default"], settings.DATABASES["mail"]):
        return [
            Error(
                "DATABASE_URL and MAIL_DATABASE_URL point to the same database.",
                hint="Use two databases, so that the mail daemons can't read the panel's tables.",
                id="mailboxes.E002",
            )
        ]
    if host.variant.name == "v1" and host.database.engine == "sqlite":
        return [
            Warning(
                "MAIL_VARIANT is v1 and MAIL_DATABASE_URL is SQLite, which pam_mysql can't read, "
                "so the configuration can't be exported.",
                hint="Use a MariaDB or MySQL database, or MAIL_VARIANT=v2.",
                id="mailboxes.W001",
            )
        ]
    return []


def check_storage_engines(
    databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    """Report mail tables that can't be rolled back; only run by `check --database mail`."""
    if "mail" not in (databases or []):
        return []
    try:
        check_engines()
    except Refused as error:
        return [Warning(str(error), id="mailboxes.W002")]
    return []


def same_database(first: dict[str, Any], second: dict[str, Any]) -> bool:
    sockets = [database.get("OPTIONS", {}).get("unix_socket") for database in (first, second)]
    parts = ("ENGINE", "NAME", "HOST", "PORT")
    return sockets[0] == sockets[1] and all(first.get(part) == second.get(part) for part in parts)
