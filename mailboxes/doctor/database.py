"""The database: each account, on each host, can read what it needs."""

from collections.abc import Iterator
from typing import Any

import MySQLdb
from django.db import DatabaseError, connections
from django.utils.translation import gettext as _

from mailboxes.conf import Account, DatabaseHost, MailHost
from mailboxes.doctor.access import SECONDS
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, State, broken, warning, working
from mailboxes.doctor.remedies import GRANT, START_DATABASE, Remedy, restart
from mailboxes.formats import database_message

OWN_DATABASE = "database.own"
UNREACHABLE = (2002, 2003, 2005, 2013)
REFUSED = (1044, 1045, 1130, 1698)
NOT_GRANTED = (1142, 1143)
TOO_MANY = (1040, 1203, 1226)
NEEDS_TLS = (3159,)
LOOKUPS = (
    "SELECT domain, active FROM domain LIMIT 1",
    "SELECT address, goto, active FROM alias LIMIT 1",
    "SELECT username, maildir, active FROM mailbox LIMIT 1",
    "SELECT alias_domain, target_domain, active FROM alias_domain LIMIT 1",
)
SIGN_INS = (
    "SELECT username, password, active FROM mailbox LIMIT 1",
    "SELECT domain, active FROM domain LIMIT 1",
)


def examine(examination: Examination) -> Iterator[Finding]:
    yield own_account()
    yield panel_tables()
    host = examination.host
    if host.database.engine != "mysql":
        return
    accounts = (("lookup", host.lookup, LOOKUPS), ("auth", host.auth, SIGN_INS))
    for name, account, queries in accounts:
        found = [try_account(host, place, name, account, queries) for place in host.database.hosts]
        yield from milder(found)


def own_account() -> Finding:
    """Read a table with the panel's own account."""
    try:
        with connections["mail"].cursor() as cursor:
            cursor.execute("SELECT domain FROM domain LIMIT 1")
    except DatabaseError as error:
        seen = _("The panel can't read the mail database: %(error)s.")
        return broken(
            "database.panel",
            seen % {"error": database_message(error)},
            Remedy(_("Check that the database runs and that MAIL_DATABASE_URL in .env is right.")),
        )
    return working("database.panel", _("The panel can read the mail database."))


def panel_tables() -> Finding:
    """Read a table of the panel's own database."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT app FROM django_migrations LIMIT 1")
    except DatabaseError as error:
        seen = _("The panel can't read its own database: %(error)s.")
        return broken(
            OWN_DATABASE,
            seen % {"error": database_message(error)},
            Remedy(_("Check that the database runs and that DATABASE_URL in .env is right.")),
        )
    return working(OWN_DATABASE, _("The panel can read its own database."))


def milder(found: list[Finding]) -> Iterator[Finding]:
    """Yield the findings; a host that is down is only a warning while another one answers."""
    answers = any(finding.state == State.WORKING for finding in found)
    for finding in found:
        if answers and finding.code.endswith(".unreachable"):
            yield warning(finding.code, finding.seen, finding.remedy)
        else:
            yield finding


def try_account(
    host: MailHost, place: DatabaseHost, name: str, account: Account, queries: tuple[str, ...]
) -> Finding:
    """Sign in to one database host, and read what the account must be able to read."""
    params = {"account": account.user, "place": place_name(place)}
    try:
        connection = connect(host, place, account)
        try:
            for query in queries:
                connection.cursor().execute(query)
        finally:
            connection.close()
    except MySQLdb.Error as error:
        return explain(name, error, params)
    return working(
        f"database.{name}", _("%(account)s on %(place)s can read what it needs.") % params
    )


def connect(host: MailHost, place: DatabaseHost, account: Account) -> Any:
    """Connect like the daemons do: with TLS only if there is an authority."""
    authority = host.database.authority
    where = {"unix_socket": place.socket} if place.socket else {"host": place.name}
    secure = {"ssl_mode": "VERIFY_IDENTITY", "ssl": {"ca": authority}}
    return MySQLdb.connect(
        **where,
        port=place.port,
        user=account.user,
        password=account.password,
        database=host.database.name,
        connect_timeout=int(SECONDS),
        read_timeout=int(SECONDS),
        **(secure if authority else {"ssl_mode": "DISABLED"}),
    )


def explain(name: str, error: MySQLdb.Error, params: dict[str, str]) -> Finding:
    """Say why the account can't be used, and what helps."""
    number = error.args[0] if error.args else 0
    params |= {"error": database_message(error)}
    code = f"database.{name}"
    if number in UNREACHABLE:
        return broken(
            f"{code}.unreachable",
            _("The database on %(place)s doesn't answer %(account)s: %(error)s.") % params,
            START_DATABASE,
        )
    seen = _("The database on %(place)s refuses %(account)s: %(error)s.") % params
    if number in NOT_GRANTED:
        return broken(f"{code}.grant", seen, GRANT)
    if number in TOO_MANY:
        advice = _("Raise max_connections in its configuration, then restart it:")
        return broken(f"{code}.connections", seen, restart(advice, "mariadb"))
    if number in NEEDS_TLS:
        advice = _("It demands TLS. Set MAIL_DB_TLS in .env, export again and apply.")
        return broken(f"{code}.tls", seen, Remedy(advice))
    if number in REFUSED:
        return broken(f"{code}.refused", seen, GRANT)
    migrate = ".venv/bin/python manage.py migrate --database mail"
    return broken(f"{code}.other", seen, Remedy(_("Create the tables that are missing:"), migrate))


def place_name(place: DatabaseHost) -> str:
    return place.socket or f"{place.name}:{place.port}"
