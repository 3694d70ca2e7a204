"""The bundle that turns a Debian machine into the described mail host."""

import re
from dataclasses import replace
from functools import cache
from typing import Any

from django.template import Context, Engine, Library

from mailboxes.conf import LOCAL_NAMES, Account, MailDatabase, MailHost, is_for_tests
from mailboxes.errors import gettext_noop
from mailboxes.export import (
    alias_domain_sql,
    folder_sql,
    handling_sql,
    quoting,
    reach_sql,
    sender_sql,
)
from mailboxes.export.bundle import BadExport, File
from mailboxes.export.files import APPLY, FILES, MANIFEST, PAM_FILE, TEMPLATE_DIR, FileSpec
from mailboxes.export.identity import fingerprints, identity
from mailboxes.export.prerequisites import check_exportable, is_v1, ports

MASK = "********"
# Marks a name that the context lacks; `quoting` lets no control character through.
MISSING = "\x00%s\x00"
MAX_PAM_LINE = 1000  # bytes; libpam cuts a line at 1,024, its newline included

register = Library()
for quote in (
    quoting.bare,
    quoting.host_name,
    quoting.dovecot_text,
    quoting.dovecot_24_text,
    quoting.map_value,
    quoting.mysql_option,
    quoting.digits,
    quoting.signs,
    quoting.pam_argument,
    quoting.pam_option,
    quoting.shell_word,
    quoting.sql_name,
    quoting.sql_text,
):
    register.filter(quote.__name__, quote)


# How each database spells what the maps' queries need. Postfix replaces %s (the key) and
# %u and %d (its parts). `_latin1`: Postfix talks utf8mb4, and an address with a character outside
# Latin 1 would fail with "Illegal mix of collations", so that Postfix answers 451 instead of 550.
# A domain is relayed under the conditions of `routing.Route`. %% is how Postfix writes a %.
RELAYED = (
    "(COALESCE(backupmx, 0) = 1 OR COALESCE(transport, '') IN ('smtp', 'relay')"
    " OR COALESCE(transport, '') LIKE 'smtp:%%' OR COALESCE(transport, '') LIKE 'relay:%%')"
)
DIALECTS = {
    "mysql": {
        "key": "_latin1'%s'",
        "domain": "_latin1'%d'",
        "dot_domain": "CONCAT('.', domain)",
        "address": "_latin1'%u@%d'",
        "catch_all": "_latin1'@%d'",
        "target": "CONCAT(_latin1'%u@', target_domain)",
        "target_catch_all": "CONCAT('@', target_domain)",
        "plain_md5": "CONCAT('{PLAIN-MD5}', password)",
        "is_relayed": RELAYED,
        "forwards_to_itself": "CAST(goto AS BINARY) = CAST(address AS BINARY)",
    },
    "sqlite": {
        "key": "'%s'",
        "domain": "'%d'",
        "dot_domain": "'.' || domain",
        "address": "'%u@%d'",
        "catch_all": "'@%d'",
        "target": "('%u@' || target_domain)",
        "target_catch_all": "('@' || target_domain)",
        "plain_md5": "'{PLAIN-MD5}' || password",
        "is_relayed": RELAYED,
        "forwards_to_itself": "goto = address",
    },
}


def render_bundle(host: MailHost, masked: bool = False) -> list[File]:
    """Return the files of the host, sorted by path; `masked` hides the passwords in them."""
    return render_both(host)[masked]


def render_both(host: MailHost) -> tuple[list[File], list[File]]:
    """Return the files with their passwords, and with the passwords hidden.

    Raises BadExport if no working configuration can be written.
    """
    try:
        check_exportable(host)
        sql = sql_values(host)
        real, hidden = render(host, host, sql), render(host, mask(host), sql)
        real |= {APPLY: render_apply(host, real, sql)}
        hidden |= {APPLY: real[APPLY]}
        check_pam_lines(real)
    except quoting.BadValue as error:
        raise BadExport(error.message, error.params, code=error.code) from error
    files = [make_file(spec, real[spec], secret=real[spec] != hidden[spec]) for spec in real]
    manifest = render_template(
        MANIFEST.template(host), {"files": [file for file in files if file.target]}
    )
    masked = [replace(file, text=hidden[spec]) for file, spec in zip(files, real, strict=True)]
    last = make_file(MANIFEST, manifest, secret=False)
    return by_path([*files, last]), by_path([*masked, last])


def by_path(files: list[File]) -> list[File]:
    return sorted(files, key=lambda file: file.path)


def make_file(spec: FileSpec, text: str, secret: bool) -> File:
    return File(spec.path, "root", spec.group, spec.mode, secret, text)


def mask(host: MailHost) -> MailHost:
    return replace(
        host,
        lookup=replace(host.lookup, password=MASK),
        auth=replace(host.auth, password=MASK),
    )


def check_pam_lines(texts: dict[FileSpec, str]) -> None:
    lines = [line for spec in texts if spec.path == PAM_FILE for line in texts[spec].splitlines()]
    if any(len(line.encode()) > MAX_PAM_LINE for line in lines):
        raise BadExport(
            gettext_noop(
                "MAIL_AUTH_PASSWORD, MAIL_AUTH_USER, MAIL_DATABASE_URL and MAIL_DB_HOSTS "
                "together don't fit into one line of a PAM file, for which the limit is %(limit)s "
                "bytes. Shorten one of them."
            ),
            {"limit": MAX_PAM_LINE},
        )


def render(host: MailHost, shown: MailHost, sql: dict[str, Any]) -> dict[FileSpec, str]:
    """Render the files that `host` needs, with the values of `shown`."""
    context = values(host, shown) | sql
    found = [(spec, name) for spec, name in templates(host).items() if name and spec != APPLY]
    return {spec: render_template(name, context) for spec, name in found}


def render_apply(host: MailHost, others: dict[FileSpec, str], sql: dict[str, Any]) -> str:
    """Render the script, which has no passwords but names the export that it is a part of."""
    export = identity(fingerprints({spec.path: text for spec, text in others.items()}))
    return render_template(APPLY.template(host), values(host, host) | sql | {"export": export})


def values(host: MailHost, shown: MailHost) -> dict[str, Any]:
    """Return what the templates of `host` may use, with the values of `shown`."""
    found = templates(host)
    return {
        "host": shown,
        "sqlite": host.database.engine == "sqlite",
        "auth_in_map": auth_in_map(host.auth),
        "in_pam_file": in_pam_file(host) if is_v1(host) else frozenset(),
        "ports": ports(host),
        "accounts_at": accounts_at(host.database),
        "paths": [spec.path for spec in FILES if found[spec]],
        "stale": stale_paths(host),
        "is_for_tests": is_for_tests(host.hostname),
    }


def sql_values(host: MailHost) -> dict[str, Any]:
    """Return the SQL for the templates; the database is asked for its collations once."""
    sql, known = DIALECTS[host.database.engine], reach_sql.known_collations(host)
    to = reach_sql.conversion(known)
    return {
        "sql": sql,
        "reach": reach_sql.expressions(host, sql["key"], to),
        "is_full": reach_sql.is_full(host, sql["key"], to, known),
        "handling": handling_sql.expressions(host, sql["key"], sql["target"], to),
        "alias_domain": alias_domain_sql.expressions(sql, to),
        "sender": sender_sql.expressions(host, to),
        "home_sql": folder_sql.home(host),
        "maildir_sql": folder_sql.maildir(host),
        "sample_sql": folder_sql.sample(host),
    }


def templates(host: MailHost) -> dict[FileSpec, str]:
    """Return the template of each file, sorted by path; empty for those that the host lacks."""
    return {spec: spec.template(host) for spec in sorted(FILES, key=lambda spec: spec.path)}


def stale_paths(host: MailHost) -> list[str]:
    """Return the files that `apply` removes."""
    found = templates(host)
    return [spec.path for spec in FILES if not found[spec] and is_stale(spec, host)]


def is_stale(spec: FileSpec, host: MailHost) -> bool:
    """Say whether `apply` removes this file, which an earlier bundle of the variant may have left.

    It only removes the panel's own files, which don't belong to any package.
    """
    return spec.variant in ("", host.variant.name) and "mailadmin" in spec.path


def render_template(template: str, context: dict[str, Any]) -> str:
    """Render a template; refuse a name in it that the context lacks.

    Template tags leave runs of empty lines behind; no value contains one.
    """
    rendered = str(engine().get_template(template).render(Context(context, autoescape=False)))
    if "\x00" in rendered:
        params = {"template": template, "name": rendered.split("\x00")[1]}
        raise BadExport(
            gettext_noop("The template %(template)s uses the unknown name “%(name)s”."), params
        )
    return re.sub(r"\n{3,}", "\n\n", rendered).strip("\n") + "\n"


@cache
def engine() -> Engine:
    return Engine(
        dirs=[str(TEMPLATE_DIR)], autoescape=False, string_if_invalid=MISSING, builtins=[__name__]
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


def auth_in_map(account: Account) -> bool:
    """Say whether Postfix's maps can express the account that checks passwords."""
    return all(value == value.strip(" ") for value in (account.user, account.password))


def accounts_at(database: MailDatabase) -> list[str]:
    """Return the hosts that the mail daemons connect from, as the database sees them."""
    if all(place.is_local for place in database.hosts):
        return list(LOCAL_NAMES)
    return ["%"]
