"""The bundle that turns a Debian machine into the described mail host."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine, Library

from mailboxes import quoting
from mailboxes.bundles import BadExport, File
from mailboxes.conf import MailDatabase, MailHost

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "config"
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
    secret: Callable[[MailHost], bool] = lambda host: False
    wanted: Callable[[MailHost], bool] = lambda host: True


def on_mysql(host: MailHost) -> bool:
    return host.database.engine == "mysql"


def v1(host: MailHost) -> bool:
    return host.variant.name == "v1"


def v2(host: MailHost) -> bool:
    return host.variant.name == "v2"


def v2_on_mysql(host: MailHost) -> bool:
    return v2(host) and on_mysql(host)


def password_in_pam_file(host: MailHost) -> bool:
    return "password" in in_pam_file(host)


def password_in_pam_line(host: MailHost) -> bool:
    return not password_in_pam_file(host)


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
    Fact("MANIFEST"),
    Fact("README"),
    Fact("apply", mode=0o700),
    Fact("grants.sql", secret=on_mysql, wanted=on_mysql),
    Fact("postfix/main.cf"),
    Fact("postfix/master.cf"),
    *(Fact(f"etc/postfix/mailadmin/{name}.cf", "postfix", 0o640, on_mysql) for name in MAPS),
    Fact("etc/default/saslauthd", mode=0o644, wanted=v1),
    Fact("etc/mailadmin-pam-mysql.conf", secret=password_in_pam_file, wanted=v1),
    Fact(PAM_FILE, secret=password_in_pam_line, wanted=v1),
    Fact("etc/postfix/sasl/smtpd.conf", mode=0o644, wanted=v1),
    Fact("etc/tmpfiles.d/mailadmin.conf", mode=0o644, wanted=v1),
    Fact("etc/dovecot/conf.d/99-mailadmin.conf", mode=0o644, wanted=v2),
    Fact("etc/dovecot/mailadmin-sql.conf.ext", "dovecot", 0o640, wanted=v2),
    Fact("etc/dovecot/mailadmin-my.cnf", "dovecot", 0o640, on_mysql, v2_on_mysql),
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
    },
    "sqlite": {
        "key": "'%s'",
        "domain": "'%d'",
        "address": "'%u@%d'",
        "catch_all": "'@%d'",
        "target": "('%u@' || target_domain)",
        "target_catch_all": "('@' || target_domain)",
    },
}


def bundle(host: MailHost, masked: bool = False) -> list[File]:
    """Return the files of the host, sorted by path; `masked` hides the passwords in them."""
    try:
        check(host)
        files = render(host, host)
        check_pam_lines(files)
        return render(host, mask(host)) if masked else files
    except quoting.BadValue as error:
        raise BadExport(str(error)) from error


def mask(host: MailHost) -> MailHost:
    return replace(
        host,
        lookup=replace(host.lookup, password=MASK),
        auth=replace(host.auth, password=MASK),
    )


def check(host: MailHost) -> None:
    """Refuse what the daemons of this variant cannot do with this database."""
    if on_mysql(host):
        check_accounts(host)
        check_hosts(host)
    elif v1(host):
        raise BadExport(
            "MAIL_VARIANT is v1, which needs MySQL or MariaDB: pam_mysql reads no SQLite. Give "
            "MAIL_DATABASE_URL such a database, or set MAIL_VARIANT=v2."
        )
    elif not host.database.name.startswith("/"):
        raise BadExport(
            "MAIL_DATABASE_URL must name the SQLite file by its whole path: the mail daemons have "
            "another working directory."
        )


def check_accounts(host: MailHost) -> None:
    for name, account in (("LOOKUP", host.lookup), ("AUTH", host.auth)):
        for part, value in (("USER", account.user), ("PASSWORD", account.password)):
            if not value:
                raise BadExport(f"MAIL_{name}_{part} is empty; the mail daemons need it.")
    if host.lookup.user == host.auth.user:
        raise BadExport(
            "MAIL_LOOKUP_USER must be another account than MAIL_AUTH_USER: the look-ups of "
            "Postfix must not be able to read passwords."
        )


def check_hosts(host: MailHost) -> None:
    if not host.database.hosts:
        raise BadExport("MAIL_DB_HOSTS is empty; it must say where the mail host finds MySQL.")
    if v2(host) and len(ports(host)) > 1:
        raise BadExport(
            "MAIL_DB_HOSTS has different ports; Dovecot knows one port for all database hosts."
        )


def check_pam_lines(files: list[File]) -> None:
    lines = [line for file in files if file.path == PAM_FILE for line in file.text.splitlines()]
    if any(len(line.encode()) > LONGEST_PAM_LINE for line in lines):
        raise BadExport(
            "MAIL_AUTH_PASSWORD, MAIL_AUTH_USER, MAIL_DATABASE_URL and MAIL_DB_HOSTS together are "
            "longer than what PAM reads as one line, 1,024 bytes; shorten one of them."
        )


def ports(host: MailHost) -> list[int]:
    return sorted({place.port for place in host.database.hosts if not place.socket})


def render(host: MailHost, shown: MailHost) -> list[File]:
    """Render each file with the values of `shown`, in the shape that `host` needs."""
    facts = sorted((fact for fact in FACTS if fact.wanted(host)), key=lambda fact: fact.path)
    places = [f"{host.variant.name}/{host.release.name}", host.variant.name, "common"]
    context = {
        "host": shown,
        "sqlite": host.database.engine == "sqlite",
        "sql": DIALECTS[host.database.engine],
        "in_pam_file": in_pam_file(host) if v1(host) else frozenset(),
        "ports": ports(host),
        "accounts_at": accounts_at(host.database),
        "files": [(fact, fact.secret(host)) for fact in facts if fact.path.startswith("etc/")],
    }
    return [
        File(
            fact.path,
            "root",
            fact.group,
            fact.mode,
            fact.secret(host),
            text([f"{place}/{fact.path}" for place in places], context),
        )
        for fact in facts
    ]


def text(templates: list[str], context: dict[str, Any]) -> str:
    """Render the first template that exists; refuse a name in it that the context lacks.

    Runs of empty lines are what tags leave behind; no value holds one.
    """
    rendered = str(engine().select_template(templates).render(Context(context, autoescape=False)))
    if "\x00" in rendered:
        raise BadExport(f"{templates[-1]} uses {rendered.split(chr(0))[1]!r}, which is unknown.")
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
