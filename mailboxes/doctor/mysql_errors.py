"""Why an account can't use a MySQL server, and what helps."""

import socket
from dataclasses import dataclass

from django.db import connections
from django.utils.translation import gettext_lazy

from mailboxes.conf import DatabaseHost, MailHost, mail_database
from mailboxes.doctor import (
    listeners,
    mysql_accounts,
    mysql_listening,
    mysql_locks,
    mysql_settings,
)
from mailboxes.doctor.access import SECONDS
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.processes import processes
from mailboxes.doctor.remedies import (
    APPLY_COMMAND,
    READ_LOG,
    Remedy,
    allow_more,
    grant,
    grant_panel,
    restart_readers,
    sql_client,
    start_database,
)
from mailboxes.doctor.words import quoted
from mailboxes.formats import database_message
from mailboxes.name_lookups import resolve
from mailboxes.texts import gettext as _

KNOCK_SECONDS = 1.0
"""How long it takes to see where a connection ends that has already failed."""

UNREACHABLE = "database.unreachable"
NO_ANSWER = (2002, 2003, 2005, 2006, 2013)
REFUSED = (1044, 1045, 1130, 1698)
NOT_GRANTED = (1142, 1143)
TOO_MANY = {1040: "max_connections", 1203: "max_user_connections"}
MISSING = (1054, 1146)
SEE_TABLES = Remedy(gettext_lazy("The hop “Tables” says what is missing."))
HELP = {1054: SEE_TABLES, 1146: SEE_TABLES}
NEEDS_TLS = 3159
ABORTED = 1184
BLOCKED = 1129
BUSY = ".busy"
"""How the codes of findings end that are about a lock."""

PROGRAMS = ("mariadbd", "mysqld")


@dataclass(frozen=True)
class Refusal:
    """What the server answered to an account. `code` names the finding."""

    code: str
    account: str
    place: DatabaseHost
    error: BaseException

    @property
    def number(self) -> int:
        return self.error.args[0] if len(self.error.args) > 1 else 0

    @property
    def params(self) -> dict[str, str]:
        error = quoted(database_message(self.error)).rstrip(".")
        return {"account": self.account, "place": place_name(self.place), "error": error}


def place_name(place: DatabaseHost) -> str:
    return place.socket or f"{place.name}:{place.port}"


def panel_place() -> DatabaseHost:
    """Return where the panel itself finds the database, as the mail host would."""
    settings = connections["mail"].settings_dict
    return mail_database(settings, []).hosts[0]


def explain_panel(host: MailHost, refusal: Refusal) -> Finding:
    """Say that the panel's own account is refused, which isn't in the exported files."""
    seen = _("The database on %(place)s refuses the panel's own account: %(error)s.")
    remedy = grant_panel(host, refusal.place)
    return broken("database.panel", seen % refusal.params, remedy)


def explain(host: MailHost, refusal: Refusal) -> Finding:
    number = refusal.number
    if number in NO_ANSWER:
        return unreachable(host, refusal)
    if number == NEEDS_TLS:
        return no_tls(host, refusal)
    seen = _("The database on %(place)s refuses %(account)s: %(error)s.") % refusal.params
    if number in NOT_GRANTED:
        return broken(f"{refusal.code}.grant", seen, grant(host, refusal.place))
    if number in REFUSED:
        return broken(f"{refusal.code}.refused", seen, grant(host, refusal.place))
    if number in TOO_MANY:
        remedy = allow_more(host, refusal.place, TOO_MANY[number])
        return broken(f"{refusal.code}.connections", seen, remedy)
    if number in mysql_locks.BUSY:
        return broken(f"{refusal.code}{BUSY}", seen)
    if number == mysql_accounts.LIMITED:
        remedy = mysql_accounts.lift(host, refusal.place, refusal.account, str(refusal.error))
        return broken(f"{refusal.code}.connections", seen, remedy)
    if number in mysql_accounts.LOCKED:
        remedy = mysql_accounts.unlock(host, refusal.place, refusal.account)
        return broken(f"{refusal.code}.locked", seen, remedy)
    if number in mysql_accounts.EXPIRED:
        is_panel = refusal.code == "database.panel"
        remedy = mysql_accounts.renew(host, refusal.place, is_panel=is_panel)
        return broken(f"{refusal.code}.expired", seen, remedy)
    if number == ABORTED and "init_connect" in str(refusal.error):
        return broken(f"{refusal.code}.init_connect", seen, no_init_connect(host, refusal.place))
    if number == BLOCKED:
        return broken(f"{refusal.code}.blocked", seen, flush_hosts(host, refusal.place))
    remedy = HELP.get(number) or mysql_settings.remedy(host, refusal.place) or READ_LOG
    return broken(f"{refusal.code}.other", seen, remedy)


def flush_hosts(host: MailHost, place: DatabaseHost) -> Remedy:
    advice = _("After too many broken connections, it refuses this host. Let it accept them again:")
    return Remedy(advice, f'{sql_client(place)} --execute="FLUSH HOSTS" && {restart_readers(host)}')


def loopback_up(host: MailHost) -> Remedy:
    advice = _("Turn it on, and restart what uses it:")
    return Remedy(advice, f"ip link set lo up && {restart_readers(host)}")


def no_init_connect(host: MailHost, place: DatabaseHost) -> Remedy:
    advice = _(
        "The statement that the server runs for each new connection (init_connect) fails. Correct "
        "it in the server's configuration. This removes it until the next restart:"
    )
    command = f"""{sql_client(place)} --execute="SET GLOBAL init_connect = ''" """
    return Remedy(advice, f"{command}&& {restart_readers(host)}")


def unreachable(host: MailHost, refusal: Refusal) -> Finding:
    """Find out where the connection ends: at the address, on its way, or in the server."""
    place, params = refusal.place, refusal.params
    remedy = start_database(host, place)
    try:
        knock(place)
    except (ConnectionRefusedError, FileNotFoundError):
        seen = _("Nothing answers on %(place)s, where the database should be: %(error)s.")
        if place.is_local and any(list(processes(name)) for name in PROGRAMS):
            seen = _("The database runs on this machine, but doesn't answer on %(place)s.")
            advice = _("Correct MAIL_DATABASE_URL and MAIL_DB_HOSTS in .env, then run:")
            remedy = Remedy(advice, f"{APPLY_COMMAND}; {restart_readers(host)}")
            if listening := mysql_listening.find(place):
                seen = _("The database listens %(where)s, not on %(place)s.")
                params = {**params, "where": str(listening)}
                if (
                    listening.skips_network or listening.port == place.port
                ):  # otherwise, .env has another port
                    remedy = mysql_listening.remedy(host, place)
    except socket.gaierror:
        seen = _("The name of the database host %(place)s can't be resolved: %(error)s.")
        advice = _("Correct the name in .env (MAIL_DATABASE_URL, MAIL_DB_HOSTS), or the DNS.")
        remedy = Remedy(advice)
    except TimeoutError:
        if place.is_local and listeners.loopback_is_down():
            return broken(UNREACHABLE, _("The loopback interface (lo) is down."), loopback_up(host))
        seen = _(
            "%(place)s, where the database should be, doesn't answer: the host is down, or a "
            "firewall is in the way."
        )
    except OSError:
        seen = _("The database on %(place)s can't be reached: %(error)s.")
    else:
        seen = _("The database on %(place)s accepts connections, but then doesn't answer.")
    return broken(UNREACHABLE, seen % params, remedy)


def unresolved(place: DatabaseHost) -> Finding | None:
    """Say that the name of a database host isn't resolved in time.

    The client library would ask the DNS for as long as that takes, and ask again.
    """
    # What can't be resolved is named when it is connected to.
    if place.is_local or resolve(place.name, SECONDS) is not None:
        return None
    seen = _("The name of the database host %(place)s isn't resolved in time: the DNS is silent.")
    advice = _(
        "Repair the DNS (/etc/resolv.conf), or write the host's address in .env "
        "(MAIL_DATABASE_URL, MAIL_DB_HOSTS)."
    )
    return broken(UNREACHABLE, seen % {"place": place_name(place)}, Remedy(advice))


def knock(place: DatabaseHost) -> None:
    """Connect, and say nothing; raise OSError if nobody is there."""
    if not place.socket:
        socket.create_connection((place.name, place.port), KNOCK_SECONDS).close()
        return
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(KNOCK_SECONDS)
        connection.connect(place.socket)


def no_tls(host: MailHost, refusal: Refusal) -> Finding:
    seen = _("The database on %(place)s takes %(account)s only with TLS: %(error)s.")
    advice = _(
        "It demands TLS (require_secure_transport). Set MAIL_DB_TLS in .env to the path of its "
        "authority's certificate, then run:"
    )
    remedy = Remedy(advice, f"{APPLY_COMMAND}; {restart_readers(host)}")
    if refusal.place.is_local:
        advice = _(
            "If no other machine uses this database, it needs no TLS: remove "
            "require_secure_transport from its configuration. This turns it off until the next "
            "restart:"
        )
        command = f'{sql_client(refusal.place)} -e "SET GLOBAL require_secure_transport = OFF"'
        remedy = Remedy(advice, f"{command} && {restart_readers(host)}")
    return broken(f"{refusal.code}.tls", seen % refusal.params, remedy)
