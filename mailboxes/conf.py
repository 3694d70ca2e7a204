"""The mail host that the settings describe; no other module reads the MAIL_ settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from pathlib import PurePosixPath
from typing import Any, TypeVar

from django.conf import settings

from mailboxes.addresses import Address, BadAddress, DomainName
from mailboxes.errors import Refused, gettext_noop
from mailboxes.mail_location import MailLocation
from mailboxes.variants import PAM_MD5, RELEASES, VARIANTS, Release, Scheme, Variant

MYSQL_SOCKET = "/run/mysqld/mysqld.sock"
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
PROXY_SOCKET = "/run/haproxy/mailadmin.sock"
CHECKS = "mail_host"
"""The tag of the system checks that each of our commands runs. Django's own only depend on the
code, and loading all pages for them would take a quarter of a command's time."""

Known = TypeVar("Known", Variant, Release, Scheme)

EXAMPLE_DOMAINS = ("example.com", "example.net", "example.org")
EXAMPLE_ENDINGS = ("example", "invalid", "localhost")


class BadSetting(Refused):
    """A setting that doesn't describe a working mail host; the message names it."""


@dataclass(frozen=True)
class DatabaseHost:
    """Where the mail host finds the database: the path of a socket, or a name and a port."""

    name: str = ""
    port: int = 3306
    socket: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is on the mail host itself."""
        return bool(self.socket) or self.name in LOCAL_NAMES


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
    """The name of the database; for SQLite the path of its file."""

    hosts: tuple[DatabaseHost, ...]
    authority: str = ""
    """The path of the certificate that must have signed the server's; empty without TLS."""


@dataclass(frozen=True)
class MailHost:
    """Everything that the exported configuration depends on; equal hosts produce equal bytes."""

    variant: Variant
    release: Release
    scheme: Scheme
    weak_schemes: bool
    """Whether Dovecot accepts the schemes that the release considers weak, and pam_mysql MD5."""

    hostname: str
    certificate: str
    """The path of the certificate and its chain on the mail host; empty if it keeps its own."""

    certificate_key: str
    delimiter: str
    """The characters that separate an extension from a local part; may be empty."""

    catch_all_senders: bool
    """Whether those to whom a catch-all forwards may send as any address that it receives."""

    refuses_forged_senders: bool
    """Whether others can't send as addresses of the panel's domains on port 25."""

    pop3: bool
    """Whether Dovecot also serves POP3; V1 serves neither that nor IMAP."""

    database: MailDatabase
    lookup: Account
    auth: Account
    home: str
    location: MailLocation
    uid: int
    gid: int
    has_smtp_active: bool
    """Whether the table of mailboxes has this column, which an adopted one may lack (`sending`)."""

    @property
    def key(self) -> str:
        """The host's name in commands and URLs, such as `v2/debian13/CRAM-MD5`."""
        return f"{self.variant.name}/{self.release.name}/{self.scheme.name}"

    @property
    def needs_proxy(self) -> bool:
        """Whether the daemons reach several database hosts through a proxy on the mail host."""
        several = len(self.database.hosts) > 1
        return several and self.variant.name == "v2" and self.release.one_host

    @property
    def database_hosts(self) -> tuple[DatabaseHost, ...]:
        """Where the daemons connect to."""
        return (DatabaseHost(socket=PROXY_SOCKET),) if self.needs_proxy else self.database.hosts

    @property
    def pam_crypts(self) -> tuple[int, ...]:
        """The values of pam_mysql's `crypt=`, in the order in which they are tried."""
        first = self.scheme.pam_crypt
        if first is None:
            return ()
        return (first, PAM_MD5) if self.weak_schemes and first != PAM_MD5 else (first,)

    @property
    def title(self) -> str:
        return f"{self.variant.name.upper()}, {self.release.title}, {self.scheme.name}"

    @property
    def short_title(self) -> str:
        """The title without the release's code name, for a menu on a phone."""
        release = self.release.title.partition(" (")[0]
        return f"{self.variant.name.upper()}, {release}, {self.scheme.name}"

    @property
    def mail_location(self) -> str:
        """The value of MAIL_LOCATION."""
        return self.location.setting(self.home)


def mail_host(variant: str = "", release: str = "") -> MailHost:
    """Return the host that the settings describe, or the same with another variant or release.

    Raises BadSetting and BadLocation.
    """
    chain = choose("MAIL_VARIANT", variant or settings.MAIL_VARIANT, VARIANTS)
    scheme = settings.MAIL_PASSWORD_SCHEME
    if chain.name != settings.MAIL_VARIANT and scheme not in chain.schemes:
        scheme = ""  # the setting belongs to the other variant
    return MailHost(
        variant=chain,
        release=choose("MAIL_RELEASE", release or settings.MAIL_RELEASE, RELEASES),
        scheme=choose(
            "MAIL_PASSWORD_SCHEME", scheme or chain.default_scheme.name, chain.schemes, chain.name
        ),
        weak_schemes=settings.MAIL_ALLOW_WEAK_SCHEMES,
        hostname=hostname(settings.MAIL_HOSTNAME),
        **certificate(settings.MAIL_TLS_CERT, settings.MAIL_TLS_KEY),
        delimiter=recipient_delimiter(),
        catch_all_senders=settings.MAIL_CATCH_ALL_SENDERS,
        refuses_forged_senders=settings.MAIL_REFUSE_FORGED_SENDERS,
        pop3=settings.MAIL_POP3,
        database=mail_database(
            settings.DATABASES["mail"], settings.MAIL_DB_HOSTS, settings.MAIL_DB_TLS
        ),
        lookup=Account(settings.MAIL_LOOKUP_USER, settings.MAIL_LOOKUP_PASSWORD),
        auth=Account(settings.MAIL_AUTH_USER, settings.MAIL_AUTH_PASSWORD),
        home=mail_home(),
        location=mail_location(),
        has_smtp_active=True,
        uid=user_id("MAIL_UID", settings.MAIL_UID),
        gid=user_id("MAIL_GID", settings.MAIL_GID),
    )


def choose(setting: str, name: str, known: Mapping[str, Known], variant: str = "") -> Known:
    if name in known:
        return known[name]
    message = gettext_noop("%(setting)s is “%(name)s”. Set it to one of: %(known)s.")
    if variant:
        message = gettext_noop(
            "%(setting)s is “%(name)s”, which the daemons of MAIL_VARIANT=%(variant)s can't "
            "verify. Set it to one of: %(known)s."
        )
    params = {"setting": setting, "name": name, "known": ", ".join(known), "variant": variant}
    raise BadSetting(message, params)


def hostname(text: str) -> str:
    try:
        return str(DomainName.parse(text))
    except BadAddress as error:
        message = gettext_noop(
            "MAIL_HOSTNAME is “%(text)s”. Set it to the full name of the mail host, such as "
            "mail.example.org."
        )
        raise BadSetting(message, {"text": text}) from error


def is_example(name: str) -> bool:
    """Say whether a host's name is one of those that only occur in examples (RFC 2606, 6761)."""
    *_, parent, top = ("", *name.split("."))
    return top in EXAMPLE_ENDINGS or f"{parent}.{top}" in EXAMPLE_DOMAINS


def is_for_tests(name: str) -> bool:
    """Say whether a host's name ends in .test, with which hosts may be tried out (RFC 6761)."""
    return name.endswith(".test")


def own_names(name: str = "") -> frozenset[str]:
    """Return the domains of the mail host's local users: mydestination, as it is exported."""
    name = name or hostname(settings.MAIL_HOSTNAME)
    return frozenset({name, f"localhost.{name.partition('.')[2]}", "localhost"})


def certificate(path: str, key: str) -> dict[str, str]:
    if bool(path) != bool(key):
        message = gettext_noop(
            "MAIL_TLS_CERT and MAIL_TLS_KEY belong together, but only one of them is set. Set "
            "both, or neither if the daemons keep the certificates they have."
        )
        raise BadSetting(message)
    return {
        "certificate": path and absolute_path("MAIL_TLS_CERT", path),
        "certificate_key": key and absolute_path("MAIL_TLS_KEY", key),
    }


def delimiter(text: str) -> str:
    if not re.fullmatch(r"[-+_.=~]*", text) or len(text) > len(set(text)):
        message = gettext_noop(
            "MAIL_RECIPIENT_DELIMITER is “%(text)s”. Set it to one or more of the characters "
            "+ - _ . = ~ or leave it empty, so that user+box is an address of its own."
        )
        raise BadSetting(message, {"text": text})
    return text


def recipient_delimiter() -> str:
    """Return the characters that separate an extension from a local part; there may be none."""
    return delimiter(settings.MAIL_RECIPIENT_DELIMITER)


def absolute_path(setting: str, text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+", text):
        message = gettext_noop(
            "%(setting)s is “%(text)s”. Set it to an absolute path. It may only contain letters, "
            "digits and the characters / _ . - because it is written to files that don't support "
            "quoting."
        )
        raise BadSetting(message, {"setting": setting, "text": text})
    return str(PurePosixPath(text))


def mail_home() -> str:
    return absolute_path("MAIL_HOME", settings.MAIL_HOME)


def mail_location() -> MailLocation:
    return MailLocation.parse(settings.MAIL_LOCATION, mail_home())


def user_id(setting: str, number: int) -> int:
    if not 100 <= number < 2**31:
        message = gettext_noop(
            "%(setting)s is %(number)s. Set it to a number from 100 to 2147483647. Postfix doesn't "
            "accept lower IDs (virtual_minimum_uid), and 0 is root."
        )
        raise BadSetting(message, {"setting": setting, "number": str(number)})
    return number


def mail_database(database: dict[str, Any], hosts: list[str], authority: str = "") -> MailDatabase:
    if database["ENGINE"].endswith("sqlite3"):
        return MailDatabase("sqlite", str(database["NAME"]), ())
    socket = database.get("OPTIONS", {}).get("unix_socket", "")
    name = f"[{database['HOST']}]" if ":" in database["HOST"] else database["HOST"]
    own = f"{name}:{database['PORT'] or 3306}"
    if socket:
        own = f"unix:{socket}"
    elif database["HOST"] in ("", "localhost"):
        own = "localhost"
    elif database["HOST"].startswith("/"):
        own = f"unix:{database['HOST']}"
    return MailDatabase(
        "mysql",
        database["NAME"],
        tuple(database_host(text) for text in hosts or [own]),
        authority and absolute_path("MAIL_DB_TLS", authority),
    )


def database_host(text: str) -> DatabaseHost:
    """Read one entry of MAIL_DB_HOSTS; `localhost` means the socket, as in every MySQL client."""
    if text == "localhost":
        return DatabaseHost(socket=MYSQL_SOCKET)
    if text.startswith("unix:/"):
        return DatabaseHost(socket=absolute_path("MAIL_DB_HOSTS", text.removeprefix("unix:")))
    found = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?", text)
    if not found or not 0 < int(found[2] or 3306) < 65536 or not is_name_or_address(found[1]):
        message = gettext_noop(
            "MAIL_DB_HOSTS contains “%(text)s”. Each entry must be a host name, an IPv4 address or "
            "an IPv6 address in square brackets, optionally with :port, or "
            "unix:/path/to/the.sock."
        )
        raise BadSetting(message, {"text": text})
    return DatabaseHost(found[1].strip("[]"), int(found[2] or 3306))


def is_name_or_address(text: str) -> bool:
    if not text.startswith("["):
        return True
    try:
        IPv6Address(text.strip("[]"))
    except ValueError:
        return False
    return True


def postmaster() -> str:
    """Return where postmaster@ and abuse@ of new domains forward to; may be empty."""
    text = str(settings.MAIL_POSTMASTER)
    try:
        return text and str(Address.parse_target(text))
    except BadAddress as error:
        message = gettext_noop(
            "MAIL_POSTMASTER is “%(text)s”. Set it to the address to which postmaster@ and abuse@ "
            "of new domains forward, or leave it empty."
        )
        raise BadSetting(message, {"text": text}) from error


def quota_multiplier() -> int:
    """Return the number of bytes in one unit of a domain's limits, which PostfixAdmin calls MB."""
    return int(settings.QUOTA_MULTIPLIER)
