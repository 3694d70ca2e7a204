"""The bundle that turns a Debian machine into the described mail host."""

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine, Library
from django.utils.translation import gettext as _

from mailboxes.conf import MailDatabase, MailHost
from mailboxes.export import quoting
from mailboxes.export.bundle import BadExport, File
from mailboxes.formats import translated

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates" / "config"
MASK = "********"
# No template may let it through; a control character stands in no value that passes `quoting`.
UNKNOWN = "\x00%s\x00"
PAM_FILE = "etc/pam.d/smtp"
LONGEST_PAM_LINE = 1000
LOCAL_NAMES = ("localhost", "127.0.0.1")

register = Library()
for rule in (
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
    register.filter(rule.__name__, rule)


@dataclass(frozen=True)
class Fact:
    """What is known of a file before it is rendered."""

    path: str
    group: str = "root"
    mode: int = 0o600
    variant: str = ""
    """The variant that it belongs to; empty for both."""

    engine: str = ""
    """The same for the database."""

    lacked_by: str = ""
    """The release whose hosts have no such file."""

    def template(self, host: MailHost) -> str:
        """Return the template nearest to the host, or nothing if the host has no such file."""
        variant, release = host.variant.name, host.release.name
        if self.variant not in ("", variant) or self.engine not in ("", host.database.engine):
            return ""
        if self.lacked_by == release:
            return ""
        places = [f"{place}/{self.path}" for place in (f"{variant}/{release}", variant, "common")]
        for place in places:
            if TEMPLATES.joinpath(place).is_file():
                return place
        raise BadExport(
            _("None of the templates %(places)s is there.") % {"places": ", ".join(places)}
        )


MANIFEST = Fact("MANIFEST")
MAPS = (
    "alias_domain_catchalls",
    "alias_domain_sender_logins",
    "alias_domains",
    "aliases",
    "domains",
    "mailboxes",
    "sender_logins",
)
FACTS = (
    Fact("README"),
    Fact("apply", mode=0o700),
    Fact("grants.sql", engine="mysql"),
    Fact("postfix/main.cf"),
    Fact("postfix/master.cf"),
    *(Fact(f"etc/postfix/mailadmin/{name}.cf", "postfix", 0o640) for name in MAPS),
    Fact("etc/default/saslauthd", mode=0o644, variant="v1"),
    Fact("etc/mailadmin-pam-mysql.conf", variant="v1"),
    Fact(PAM_FILE, variant="v1"),
    Fact("etc/postfix/sasl/smtpd.conf", mode=0o644, variant="v1"),
    Fact(
        "etc/systemd/system/saslauthd.service.d/mailadmin.conf",
        mode=0o644,
        variant="v1",
        lacked_by="debian12",
    ),
    Fact("etc/tmpfiles.d/mailadmin.conf", mode=0o644, variant="v1"),
    Fact("etc/dovecot/conf.d/99-mailadmin.conf", mode=0o644, variant="v2"),
    Fact("etc/dovecot/mailadmin-sql.conf.ext", "dovecot", 0o640, "v2"),
    Fact("etc/dovecot/mailadmin-my.cnf", "dovecot", 0o640, "v2", "mysql", lacked_by="debian13"),
    Fact(
        "etc/dovecot/mailadmin-usage.conf.ext",
        "dovecot",
        0o640,
        "v2",
        "mysql",
        lacked_by="debian13",
    ),
)

# How the two databases spell what the maps' queries need. Postfix replaces %s (the key looked up),
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


def bundle(host: MailHost, masked: bool = False) -> list[File]:
    """Return the files of the host, sorted by path; `masked` hides the passwords in them."""
    try:
        check(host)
        real, hidden = render(host, host), render(host, mask(host))
        check_pam_lines(real)
    except quoting.BadValue as error:
        raise BadExport(translated(error)) from error
    shown = hidden if masked else real
    files = [placed(fact, shown[fact], real[fact] != hidden[fact]) for fact in real]
    manifest = text(MANIFEST.template(host), {"files": [file for file in files if file.target]})
    return sorted([*files, placed(MANIFEST, manifest, False)], key=lambda file: file.path)


def placed(fact: Fact, content: str, secret: bool) -> File:
    return File(fact.path, "root", fact.group, fact.mode, secret, content)


def mask(host: MailHost) -> MailHost:
    return replace(
        host,
        lookup=replace(host.lookup, password=MASK),
        auth=replace(host.auth, password=MASK),
    )


def on_mysql(host: MailHost) -> bool:
    return host.database.engine == "mysql"


def v1(host: MailHost) -> bool:
    return host.variant.name == "v1"


def check(host: MailHost) -> None:
    """Refuse what the daemons of this variant cannot do with this database."""
    if on_mysql(host):
        check_accounts(host)
        check_hosts(host)
    elif v1(host):
        raise BadExport(
            _(
                "MAIL_VARIANT is v1, which needs MySQL or MariaDB: pam_mysql reads no SQLite. "
                "Give MAIL_DATABASE_URL such a database, or set MAIL_VARIANT=v2."
            )
        )
    elif not host.database.name.startswith("/"):
        raise BadExport(
            _(
                "MAIL_DATABASE_URL must name the SQLite file by its whole path: the mail "
                "daemons have another working directory."
            )
        )


def check_accounts(host: MailHost) -> None:
    for name, account in (("LOOKUP", host.lookup), ("AUTH", host.auth)):
        for part, value in (("USER", account.user), ("PASSWORD", account.password)):
            if not value:
                raise BadExport(
                    _("MAIL_%(name)s_%(part)s is empty; the mail daemons need it.")
                    % {"name": name, "part": part}
                )
    if host.lookup.user == host.auth.user:
        raise BadExport(
            _(
                "MAIL_LOOKUP_USER must be another account than MAIL_AUTH_USER: the look-ups of "
                "Postfix must not be able to read passwords."
            )
        )


def check_hosts(host: MailHost) -> None:
    if not host.database.hosts:
        raise BadExport(_("MAIL_DB_HOSTS is empty; it must say where the mail host finds MySQL."))
    if not v1(host) and host.release.one_port and len(ports(host)) > 1:
        raise BadExport(
            _(
                "MAIL_DB_HOSTS has different ports; Dovecot knows one port for all database "
                "hosts on %(title)s."
            )
            % {"title": host.release.title}
        )


def check_pam_lines(texts: dict[Fact, str]) -> None:
    lines = [line for fact in texts if fact.path == PAM_FILE for line in texts[fact].splitlines()]
    if any(len(line.encode()) > LONGEST_PAM_LINE for line in lines):
        raise BadExport(
            _(
                "MAIL_AUTH_PASSWORD, MAIL_AUTH_USER, MAIL_DATABASE_URL and MAIL_DB_HOSTS "
                "together are longer than what PAM reads as one line, 1,024 bytes; shorten one "
                "of them."
            )
        )


def ports(host: MailHost) -> list[int]:
    return sorted({place.port for place in host.database.hosts if not place.socket})


def render(host: MailHost, shown: MailHost) -> dict[Fact, str]:
    """Render each file with the values of `shown`, in the shape that `host` needs."""
    templates = {fact: fact.template(host) for fact in sorted(FACTS, key=lambda fact: fact.path)}
    context = {
        "host": shown,
        "sqlite": host.database.engine == "sqlite",
        "sql": DIALECTS[host.database.engine],
        "in_pam_file": in_pam_file(host) if v1(host) else frozenset(),
        "ports": ports(host),
        "accounts_at": accounts_at(host.database),
        "paths": [fact.path for fact in FACTS if templates[fact]],
        "stale": [fact.path for fact in FACTS if not templates[fact] and is_stale(fact, host)],
    }
    return {fact: text(name, context) for fact, name in templates.items() if name}


def is_stale(fact: Fact, host: MailHost) -> bool:
    """Say whether `apply` removes this file, which an earlier bundle of the same variant may have
    left: ours alone, which no package knows."""
    return fact.variant == host.variant.name and "mailadmin" in fact.path


def text(template: str, context: dict[str, Any]) -> str:
    """Render a template; refuse a name in it that the context lacks.

    Runs of empty lines are what tags leave behind; no value holds one.
    """
    rendered = str(engine().get_template(template).render(Context(context, autoescape=False)))
    if "\x00" in rendered:
        raise BadExport(
            _("%(template)s uses %(chr)s, which is unknown.")
            % {"template": template, "chr": repr(rendered.split(chr(0))[1])}
        )
    return re.sub(r"\n{3,}", "\n\n", rendered).strip("\n") + "\n"


@cache
def engine() -> Engine:
    return Engine(
        dirs=[str(TEMPLATES)], autoescape=False, string_if_invalid=UNKNOWN, builtins=[__name__]
    )


def in_pam_file(host: MailHost) -> frozenset[str]:
    """Return which of pam_mysql's values stand in its own file; the others are arguments in pam.d.

    The password prefers the file, which holds more; the others the line that everybody reads.
    """
    values = {
        "password": quoting.fits_pam_file(host.auth.password, "MAIL_AUTH_PASSWORD", True),
        "user": quoting.fits_pam_file(host.auth.user, "MAIL_AUTH_USER", False),
        "database": quoting.fits_pam_file(host.database.name, "MAIL_DATABASE_URL", False),
    }
    return frozenset(name for name, in_file in values.items() if in_file)


def accounts_at(database: MailDatabase) -> list[str]:
    """Return the hosts from which the mail daemons sign in, as the database sees them."""
    if all(place.socket or place.name in LOCAL_NAMES for place in database.hosts):
        return ["localhost", "127.0.0.1", "::1"]
    return ["%"]
