"""The database: each account, on each host, can read what it needs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import MySQLdb
from django.db import DatabaseError, connections
from django.utils.translation import get_language, override
from MySQLdb.constants import ER

from mailboxes.conf import MYSQL_SOCKET, Account, DatabaseHost, MailHost, mail_database
from mailboxes.deployment.states import State
from mailboxes.doctor import (
    elsewhere,
    mysql_errors,
    mysql_locks,
    mysql_settings,
    sqlite_file,
    usage_writes,
    views,
)
from mailboxes.doctor.access import SECONDS
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning, working
from mailboxes.doctor.mysql_errors import Refusal
from mailboxes.doctor.remedies import READ_LOG, Remedy, grant_panel
from mailboxes.formats import database_message
from mailboxes.sending import COLUMN
from mailboxes.texts import gettext as _

OWN_DATABASE, NO_ROWS = "database.own", "database.panel.rows"
MAX_AT_ONCE = 16
LOOKUPS = (
    "SELECT domain, active, transport, backupmx FROM domain LIMIT 1",
    "SELECT address, goto, domain, active FROM alias LIMIT 1",
    "SELECT username, maildir, active FROM mailbox LIMIT 1",
    "SELECT alias_domain, target_domain, active FROM alias_domain LIMIT 1",
)
MAY_SEND = "SELECT smtp_active FROM mailbox LIMIT 1"
"""It comes last: an adopted table may lack the column."""

DOMAINS = "SELECT domain, active FROM domain LIMIT 1"
SIGN_INS = {
    "v1": ("SELECT username, password, domain, active FROM mailbox LIMIT 1", DOMAINS, MAY_SEND),
    "v2": (
        "SELECT username, password, maildir, quota, active FROM mailbox LIMIT 1",
        DOMAINS,
        MAY_SEND,
    ),
}
"""What an account needs of each table, so that a column without a grant is noticed."""


def examine(examination: Examination) -> Iterator[Finding]:
    host = examination.host
    if host.database.engine == "sqlite":
        yield from sqlite_file.examine(examination, own_account)
        yield panel_tables(host)
        return
    tried = [place for place in host.database.hosts if examination.access.is_mail_host]
    with ThreadPoolExecutor(max_workers=MAX_AT_ONCE) as pool:
        # All at the same time: one that doesn't answer takes seconds.
        language = get_language() or "en"
        coming = [pool.submit(all_of_host, host, place, language) for place in tried]
        own = own_account(host)
        yield own
        if own.state == State.WORKING:
            yield from views.examine(host, LOOKUPS[1:])
        is_down = own.code in (mysql_errors.UNREACHABLE, NO_ROWS) and is_same_server()
        yield panel_tables(host, is_down=is_down)
        found = dict(zip(tried, [each.result() for each in coming], strict=True))
    known = mysql_errors.panel_place() if own.code == mysql_errors.UNREACHABLE else None
    if not examination.access.is_mail_host:
        for place in host.database.hosts:
            yield from try_from_elsewhere(host, place, known)
        return
    others = [
        with_holders(examination, place, finding)
        for place, findings in found.items()
        if place != known
        for finding in findings
    ]
    yield from milder(others)


def with_holders(examination: Examination, place: DatabaseHost, finding: Finding) -> Finding:
    """Name who holds a lock; the threads that have found it can't see that."""
    if not finding.code.endswith(mysql_errors.BUSY):
        return finding
    remedy, lines = mysql_locks.holders(examination, place)
    return replace(finding, remedy=remedy, detail=lines)


def try_from_elsewhere(
    host: MailHost, place: DatabaseHost, known: DatabaseHost | None
) -> Iterator[Finding]:
    """Try the accounts from another machine than that of the daemons, if that can tell anything."""
    if place.is_local:
        yield elsewhere.on_mail_host(place)
    elif place != known:
        yield from elsewhere.seen_from_here(try_host(host, place))


def own_account(host: MailHost) -> Finding:
    """Read a table with the panel's own account."""
    is_mysql = connections["mail"].vendor == "mysql"
    if is_mysql and (silent := mysql_errors.unresolved(mysql_errors.panel_place())):
        return silent
    try:
        with connections["mail"].cursor() as cursor:
            if is_mysql:
                mysql_locks.bound_waits(cursor)
            cursor.execute("SELECT domain FROM domain LIMIT 1")
    except DatabaseError as error:
        if host.database.engine == "sqlite":
            return sqlite_file.explain(host, error)
        return explain_panel(host, error)
    except TypeError:  # Django expects rows of the server, which sql_select_limit withholds
        return without_rows(host)
    return working("database.panel", _("The panel can read the mail database."))


def is_same_server() -> bool:
    """Say whether the panel's own database is where the mail database is."""
    own, mail = (connections[name].settings_dict for name in ("default", "mail"))
    return all(own[key] == mail[key] for key in ("ENGINE", "HOST", "PORT"))


def panel_tables(host: MailHost, *, is_down: bool = False) -> Finding:
    """Read a table of the panel's own database, unless its server is known to be down."""
    if is_down:
        seen = _("The panel's own database is on the same server, so it can't be reached either.")
        return broken(OWN_DATABASE, seen)
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT app FROM django_migrations LIMIT 1")
    except DatabaseError as error:
        seen = _("The panel can't read its own database: %(error)s.")
        seen %= {"error": database_message(error)}
        return broken(OWN_DATABASE, seen, own_remedy(host, error))
    return working(OWN_DATABASE, _("The panel can read its own database."))


def without_rows(host: MailHost) -> Finding:
    place = mysql_errors.panel_place()
    seen = _("The database on %(place)s answers, but with no rows.")
    seen %= {"place": mysql_errors.place_name(place)}
    remedy = mysql_settings.remedy(host, place) or READ_LOG
    return broken(NO_ROWS, seen, remedy)


def own_remedy(host: MailHost, error: DatabaseError) -> Remedy:
    """Say what helps against an error of the panel's own database."""
    number = error.args[0] if error.args else 0
    if connections["default"].vendor == "mysql":
        refused = (*mysql_errors.REFUSED, *mysql_errors.NOT_GRANTED)
        place = mail_database(connections["default"].settings_dict, []).hosts[0]
        if number in refused:
            return grant_panel(host, place)
    if number in mysql_errors.MISSING or "no such table" in str(error):
        advice = _("Restore it from a backup (docs/backup.md). If it is new, create its tables:")
        return Remedy(advice, ".venv/bin/python manage.py migrate")
    return Remedy(_("Check that the database runs and that DATABASE_URL in .env is right."))


def explain_panel(host: MailHost, error: DatabaseError) -> Finding:
    used = connections["mail"].settings_dict
    place = mysql_errors.panel_place()
    refusal = Refusal("database.panel", used["USER"], place, error)
    if refusal.number not in (*mysql_errors.REFUSED, *mysql_errors.NOT_GRANTED):
        return mysql_errors.explain(host, refusal)
    if demands_tls(host, place, Account(used["USER"], used["PASSWORD"])):
        return mysql_errors.no_tls(host, refusal)
    return mysql_errors.explain_panel(host, refusal)


def all_of_host(host: MailHost, place: DatabaseHost, language: str) -> list[Finding]:
    try:
        with override(language):  # each thread has its own
            return list(try_host(host, place))
    finally:
        connections["mail"].close()  # and its own connection, if it has made one


def try_host(host: MailHost, place: DatabaseHost) -> Iterator[Finding]:
    """Try both accounts; what doesn't answer the first, or is locked, isn't asked again."""
    if silent := mysql_errors.unresolved(place):
        yield silent
        return
    for name, account, queries in (
        ("lookup", host.lookup, LOOKUPS),
        ("auth", host.auth, SIGN_INS[host.variant.name]),
    ):
        finding = try_account(host, place, name, account, queries)
        yield finding
        if finding.code == mysql_errors.UNREACHABLE or finding.code.endswith(mysql_errors.BUSY):
            return
        if name == "auth" and host.variant.name == "v2" and finding.state == State.WORKING:
            yield from usage_writes.examine(host, place, connect)


def milder(found: list[Finding]) -> Iterator[Finding]:
    """Yield the findings; a host that is down is only a warning while another one answers."""
    answers = any(finding.state == State.WORKING for finding in found)
    for finding in found:
        if answers and finding.code == mysql_errors.UNREACHABLE:
            yield warning(finding.code, finding.seen, finding.remedy)
        else:
            yield finding


def try_account(
    host: MailHost, place: DatabaseHost, name: str, account: Account, queries: tuple[str, ...]
) -> Finding:
    """Sign in to one database host, and read what the account must be able to read."""
    try:
        empty = mysql_locks.execute_once(connect(host, place, account), queries)
    except MySQLdb.Error as error:
        refusal = Refusal(f"database.{name}", account.user, place, error)
        if refusal.number in mysql_errors.REFUSED and demands_tls(host, place, account):
            return mysql_errors.no_tls(host, refusal)
        if not lacks_sending(error):
            return mysql_errors.explain(host, refusal)
        empty = []  # it is the last one
    if hidden := views.hidden_from(host, place, account, empty):
        return replace(hidden, code=f"database.{name}.rows")
    params = {"account": account.user, "place": mysql_errors.place_name(place)}
    return working(
        f"database.{name}", _("%(account)s on %(place)s can read what it needs.") % params
    )


def lacks_sending(error: MySQLdb.Error) -> bool:
    """Say whether only the column is missing in which a table may say who may send."""
    number, text = (*error.args, 0, "")[:2]
    return number == ER.BAD_FIELD_ERROR and COLUMN in text


def demands_tls(host: MailHost, place: DatabaseHost, account: Account) -> bool:
    """Say whether only TLS is missing: older servers then answer as to a wrong password."""
    if place.socket or place.name != "127.0.0.1" or host.database.authority:
        return False
    try:
        connection = connect(host, DatabaseHost(socket=MYSQL_SOCKET), account)
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT @@require_secure_transport")
            return bool(cursor.fetchone()[0])
        finally:
            connection.close()
    except MySQLdb.Error:
        return False


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
