"""The bundle that turns a Debian machine into the described mail host."""

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine, Library
from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailDatabase, MailHost
from mailboxes.export import quoting
from mailboxes.export.bundle import BadExport, File

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates" / "config"
MASK = "********"
# It marks a name that a template lacks; `quoting` lets no control character through.
MISSING = "\x00%s\x00"
PAM_FILE = "etc/pam.d/smtp"
MAX_PAM_LINE = 1000  # bytes; libpam cuts a line at 1,024, its newline included
LOCAL_NAMES = ("localhost", "127.0.0.1")

register = Library()
for quote in (
    quoting.bare,
    quoting.dovecot_text,
    quoting.dovecot_24_text,
    quoting.map_value,
    quoting.mysql_option,
    quoting.number,
    quoting.pam_argument,
    quoting.pam_option,
    quoting.shell_word,
    quoting.sql_name,
    quoting.sql_text,
):
    register.filter(quote.__name__, quote)


@dataclass(frozen=True)
class FileSpec:
    """A file of the bundle before it is rendered."""

    path: str
    group: str = "root"
    mode: int = 0o600
    variant: str = ""
    """The variant that has it; empty for both."""

    engine: str = ""
    """The database engine that needs it; empty for both."""

    lacked_by: str = ""
    """The release that doesn't need it."""

    def template(self, host: MailHost) -> str:
        """Return the most specific template, or an empty text if the host has no such file."""
        variant, release = host.variant.name, host.release.name
        if self.variant not in ("", variant) or self.engine not in ("", host.database.engine):
            return ""
        if self.lacked_by == release:
            return ""
        places = [f"{place}/{self.path}" for place in (f"{variant}/{release}", variant, "common")]
        for place in places:
            if TEMPLATES.joinpath(place).is_file():
                return place
        raise BadExport(_("There is no template %(places)s."), {"places": ", ".join(places)})


MANIFEST = FileSpec("MANIFEST")
MAPS = (
    "alias_domain_catchalls",
    "alias_domain_sender_logins",
    "alias_domains",
    "aliases",
    "domains",
    "mailboxes",
    "sender_logins",
)
FILES = (
    FileSpec("README"),
    FileSpec("apply", mode=0o700),
    FileSpec("grants.sql", engine="mysql"),
    FileSpec("postfix/main.cf"),
    FileSpec("postfix/master.cf"),
    *(FileSpec(f"etc/postfix/mailadmin/{name}.cf", "postfix", 0o640) for name in MAPS),
    FileSpec("etc/default/saslauthd", mode=0o644, variant="v1"),
    FileSpec("etc/mailadmin-pam-mysql.conf", variant="v1"),
    FileSpec(PAM_FILE, variant="v1"),
    FileSpec("etc/postfix/sasl/smtpd.conf", mode=0o644, variant="v1"),
    FileSpec(
        "etc/systemd/system/saslauthd.service.d/mailadmin.conf",
        mode=0o644,
        variant="v1",
        lacked_by="debian12",
    ),
    FileSpec("etc/tmpfiles.d/mailadmin.conf", mode=0o644, variant="v1"),
    FileSpec("etc/dovecot/conf.d/99-mailadmin.conf", mode=0o644, variant="v2"),
    FileSpec("etc/dovecot/mailadmin-sql.conf.ext", "dovecot", 0o640, "v2"),
    FileSpec("etc/dovecot/mailadmin-my.cnf", "dovecot", 0o640, "v2", "mysql", lacked_by="debian13"),
    FileSpec(
        "etc/dovecot/mailadmin-usage.conf.ext",
        "dovecot",
        0o640,
        "v2",
        "mysql",
        lacked_by="debian13",
    ),
)

# How each database spells what the maps' queries need. Postfix replaces %s (the key) and
# %u and %d (its parts). `_latin1`: Postfix talks utf8mb4, and an address with a character outside
# Latin 1 would fail with "Illegal mix of collations", so that Postfix answers 451 instead of 550.
DIALECTS = {
    "mysql": {
        "key": "_latin1'%s'",
        "domain": "_latin1'%d'",
        "address": "_latin1'%u@%d'",
        "catch_all": "_latin1'@%d'",
        "target": "CONCAT(_latin1'%u@', target_domain)",
        "target_catch_all": "CONCAT('@', target_domain)",
        "plain_md5": "CONCAT('{PLAIN-MD5}', password)",
    },
    "sqlite": {
        "key": "'%s'",
        "domain": "'%d'",
        "address": "'%u@%d'",
        "catch_all": "'@%d'",
        "target": "('%u@' || target_domain)",
        "target_catch_all": "('@' || target_domain)",
        "plain_md5": "'{PLAIN-MD5}' || password",
    },
}


def render_bundle(host: MailHost, masked: bool = False) -> list[File]:
    """Return the files of the host, sorted by path; `masked` hides the passwords in them.

    Raises BadExport if no working configuration can be written.
    """
    try:
        check_host(host)
        real, hidden = render(host, host), render(host, mask(host))
        check_pam_lines(real)
    except quoting.BadValue as error:
        raise BadExport(error.message, error.params, code=error.code) from error
    shown = hidden if masked else real
    files = [make_file(spec, shown[spec], secret=real[spec] != hidden[spec]) for spec in real]
    manifest = render_template(
        MANIFEST.template(host), {"files": [file for file in files if file.target]}
    )
    return sorted([*files, make_file(MANIFEST, manifest, secret=False)], key=lambda file: file.path)


def make_file(spec: FileSpec, text: str, secret: bool) -> File:
    return File(spec.path, "root", spec.group, spec.mode, secret, text)


def mask(host: MailHost) -> MailHost:
    return replace(
        host,
        lookup=replace(host.lookup, password=MASK),
        auth=replace(host.auth, password=MASK),
    )


def uses_mysql(host: MailHost) -> bool:
    return host.database.engine == "mysql"


def is_v1(host: MailHost) -> bool:
    return host.variant.name == "v1"


def check_host(host: MailHost) -> None:
    """Refuse a host whose daemons can't work with its database."""
    if uses_mysql(host):
        check_accounts(host)
        check_hosts(host)
    elif is_v1(host):
        raise BadExport(
            _(
                "MAIL_VARIANT is v1, which needs MySQL or MariaDB, because pam_mysql can't read "
                "SQLite. Set MAIL_DATABASE_URL to such a database, or MAIL_VARIANT to v2."
            )
        )
    elif not host.database.name.startswith("/"):
        raise BadExport(
            _(
                "MAIL_DATABASE_URL must contain the absolute path of the SQLite file, because the "
                "mail daemons have another working directory."
            )
        )


def check_accounts(host: MailHost) -> None:
    for name, account in (("LOOKUP", host.lookup), ("AUTH", host.auth)):
        for part, value in (("USER", account.user), ("PASSWORD", account.password)):
            if not value:
                setting = f"MAIL_{name}_{part}"
                message = _("%(setting)s is empty. The mail daemons need it.")
                raise BadExport(message, {"setting": setting})
    if host.lookup.user == host.auth.user:
        raise BadExport(
            _(
                "MAIL_LOOKUP_USER and MAIL_AUTH_USER must be different accounts, so that Postfix's "
                "lookups can't read passwords."
            )
        )


def check_hosts(host: MailHost) -> None:
    if not host.database.hosts:
        raise BadExport(_("MAIL_DB_HOSTS is empty. Set it to where the mail host finds MySQL."))
    if not is_v1(host) and host.release.one_port and len(ports(host)) > 1:
        raise BadExport(
            _(
                "MAIL_DB_HOSTS contains different ports, but Dovecot on %(release)s uses the same "
                "port for all database hosts."
            ),
            {"release": host.release.title},
        )


def check_pam_lines(texts: dict[FileSpec, str]) -> None:
    lines = [line for spec in texts if spec.path == PAM_FILE for line in texts[spec].splitlines()]
    if any(len(line.encode()) > MAX_PAM_LINE for line in lines):
        raise BadExport(
            _(
                "MAIL_AUTH_PASSWORD, MAIL_AUTH_USER, MAIL_DATABASE_URL and MAIL_DB_HOSTS "
                "together don't fit into one line of a PAM file, for which the limit is %(limit)s "
                "bytes. Shorten one of them."
            ),
            {"limit": MAX_PAM_LINE},
        )


def ports(host: MailHost) -> list[int]:
    return sorted({place.port for place in host.database.hosts if not place.socket})


def render(host: MailHost, shown: MailHost) -> dict[FileSpec, str]:
    """Render the files that `host` needs, with the values of `shown`."""
    templates = {spec: spec.template(host) for spec in sorted(FILES, key=lambda spec: spec.path)}
    context = {
        "host": shown,
        "sqlite": host.database.engine == "sqlite",
        "sql": DIALECTS[host.database.engine],
        "in_pam_file": in_pam_file(host) if is_v1(host) else frozenset(),
        "ports": ports(host),
        "accounts_at": accounts_at(host.database),
        "paths": [spec.path for spec in FILES if templates[spec]],
        "stale": [spec.path for spec in FILES if not templates[spec] and is_stale(spec, host)],
    }
    return {spec: render_template(name, context) for spec, name in templates.items() if name}


def is_stale(spec: FileSpec, host: MailHost) -> bool:
    """Say whether `apply` removes this file, which an earlier bundle of the variant may have left.

    It only removes files of ours, which belong to no package.
    """
    return spec.variant == host.variant.name and "mailadmin" in spec.path


def render_template(template: str, context: dict[str, Any]) -> str:
    """Render a template; refuse a name in it that the context lacks.

    Template tags leave runs of empty lines behind; no value contains one.
    """
    rendered = str(engine().get_template(template).render(Context(context, autoescape=False)))
    if "\x00" in rendered:
        params = {"template": template, "name": rendered.split("\x00")[1]}
        raise BadExport(_("The template %(template)s uses the unknown name “%(name)s”."), params)
    return re.sub(r"\n{3,}", "\n\n", rendered).strip("\n") + "\n"


@cache
def engine() -> Engine:
    return Engine(
        dirs=[str(TEMPLATES)], autoescape=False, string_if_invalid=MISSING, builtins=[__name__]
    )


def in_pam_file(host: MailHost) -> frozenset[str]:
    """Return which of pam_mysql's values go into its own file; the others are arguments in pam.d.

    The password prefers the file, which supports more; the others the line in pam.d, which is
    easier to find.
    """
    values = {
        "password": quoting.fits_pam_file(host.auth.password, "MAIL_AUTH_PASSWORD", True),
        "user": quoting.fits_pam_file(host.auth.user, "MAIL_AUTH_USER", False),
        "database": quoting.fits_pam_file(host.database.name, "MAIL_DATABASE_URL", False),
    }
    return frozenset(name for name, in_file in values.items() if in_file)


def accounts_at(database: MailDatabase) -> list[str]:
    """Return the hosts that the mail daemons connect from, as the database sees them."""
    if all(place.socket or place.name in LOCAL_NAMES for place in database.hosts):
        return ["localhost", "127.0.0.1", "::1"]
    return ["%"]
