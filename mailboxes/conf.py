"""The mail host that the settings describe; the only reader of the MAIL_ settings."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from mailboxes.addresses import BadAddress, DomainName
from mailboxes.formats import translated
from mailboxes.variants import RELEASES, VARIANTS, Release, Scheme, Variant

MYSQL_SOCKET = "/run/mysqld/mysqld.sock"


@dataclass(frozen=True)
class DatabaseHost:
    """Where the mail host finds the database: a socket path, or a name and a port."""

    name: str = ""
    port: int = 3306
    socket: str = ""


@dataclass(frozen=True)
class Account:
    """A database account of the mail daemons."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class MailDatabase:
    """The database that the mail daemons read."""

    engine: str
    """`mysql` or `sqlite`."""

    name: str
    """Of the database; for SQLite the path of its file."""

    hosts: tuple[DatabaseHost, ...]


@dataclass(frozen=True)
class MailHost:
    """All that the exported configuration depends on; equal hosts give equal bytes."""

    variant: Variant
    release: Release
    scheme: Scheme
    weak_schemes: bool
    """Whether rows in a scheme that the release calls weak shall still let their owners in."""

    hostname: str
    database: MailDatabase
    lookup: Account
    auth: Account
    home: str
    uid: int
    gid: int


def mail_host(variant: str = "", release: str = "") -> MailHost:
    """Return the host of the settings, or what it would be with another variant or release.

    Raises ImproperlyConfigured with a sentence that names the variable.
    """
    chain = chosen("MAIL_VARIANT", variant or settings.MAIL_VARIANT, VARIANTS)
    scheme = settings.MAIL_PASSWORD_SCHEME
    if chain.name != settings.MAIL_VARIANT and scheme not in chain.schemes:
        scheme = ""  # that of the other variant
    return MailHost(
        variant=chain,
        release=chosen("MAIL_RELEASE", release or settings.MAIL_RELEASE, RELEASES),
        scheme=chosen(
            "MAIL_PASSWORD_SCHEME",
            scheme or chain.default_scheme.name,
            chain.schemes,
            _(", which is what the daemons of MAIL_VARIANT=%(variant)s can verify")
            % {"variant": chain.name},
        ),
        weak_schemes=settings.MAIL_ALLOW_WEAK_SCHEMES,
        hostname=hostname(settings.MAIL_HOSTNAME),
        database=mail_database(settings.DATABASES["mail"], settings.MAIL_DB_HOSTS),
        lookup=Account(settings.MAIL_LOOKUP_USER, settings.MAIL_LOOKUP_PASSWORD),
        auth=Account(settings.MAIL_AUTH_USER, settings.MAIL_AUTH_PASSWORD),
        home=directory("MAIL_HOME", settings.MAIL_HOME),
        uid=user_id("MAIL_UID", settings.MAIL_UID),
        gid=user_id("MAIL_GID", settings.MAIL_GID),
    )


def chosen(setting: str, name: str, known: Any, reason: str = "") -> Any:
    if name not in known:
        raise ImproperlyConfigured(
            _("%(setting)s is %(name)s; it must be one of %(known)s%(reason)s.")
            % {"setting": setting, "name": repr(name), "known": ", ".join(known), "reason": reason}
        )
    return known[name]


def hostname(text: str) -> str:
    try:
        return str(DomainName.parse(text))
    except BadAddress as error:
        raise ImproperlyConfigured(
            _(
                "MAIL_HOSTNAME is %(text)s; it must be the mail host's full name, such as "
                "mail.example.org. %(error)s"
            )
            % {"text": repr(text), "error": translated(error)}
        ) from error


def directory(setting: str, text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+", text):
        raise ImproperlyConfigured(
            _(
                "%(setting)s is %(text)s; it must be an absolute path of letters, digits and _ "
                ". - such as /var/vmail, since it stands in files that know no quoting."
            )
            % {"setting": setting, "text": repr(text)}
        )
    return str(PurePosixPath(text))


def user_id(setting: str, number: int) -> int:
    if not 100 <= number < 2**31:
        raise ImproperlyConfigured(
            _(
                "%(setting)s is %(number)s; it must be from 100 to 2147483647: Postfix "
                "delivers to no smaller one (virtual_minimum_uid), and 0 would be root."
            )
            % {"setting": setting, "number": number}
        )
    return number


def mail_database(database: dict[str, Any], hosts: list[str]) -> MailDatabase:
    if database["ENGINE"].endswith("sqlite3"):
        return MailDatabase("sqlite", str(database["NAME"]), ())
    socket = database.get("OPTIONS", {}).get("unix_socket", "")
    own = f"{database['HOST']}:{database['PORT'] or 3306}"
    if socket:
        own = f"unix:{socket}"
    elif database["HOST"] in ("", "localhost"):
        own = "localhost"
    elif database["HOST"].startswith("/"):
        own = f"unix:{database['HOST']}"
    return MailDatabase(
        "mysql", database["NAME"], tuple(database_host(text) for text in hosts or [own])
    )


def database_host(text: str) -> DatabaseHost:
    """Read one entry of MAIL_DB_HOSTS; `localhost` is the socket, as for every MySQL client."""
    if text == "localhost":
        return DatabaseHost(socket=MYSQL_SOCKET)
    if text.startswith("unix:/"):
        return DatabaseHost(socket=directory("MAIL_DB_HOSTS", text.removeprefix("unix:")))
    found = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9.-]*)(?::([0-9]{1,5}))?", text)
    if not found or not 0 < int(found[2] or 3306) < 65536:
        raise ImproperlyConfigured(
            _(
                "MAIL_DB_HOSTS has %(text)s; each entry must be a host name or IPv4 address, "
                "with or without :port, or unix:/path/of/the.sock. (pam_mysql cannot read IPv6 "
                "addresses: give the host a name.)"
            )
            % {"text": repr(text)}
        )
    return DatabaseHost(found[1], int(found[2] or 3306))


def quota_multiplier() -> int:
    """Return how many bytes PostfixAdmin's tables call a MB in a domain's limits."""
    return int(settings.QUOTA_MULTIPLIER)
