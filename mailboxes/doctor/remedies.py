"""What to do about a finding: a sentence and, where there is one, the command to copy.

Commands are run as root in the panel's folder, on the mail host unless the sentence says otherwise.
"""

from pathlib import Path
from shlex import quote
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MYSQL_SOCKET, DatabaseHost, MailDatabase, MailHost
from mailboxes.texts import gettext

MYSQL_UNITS = ("/lib/systemd/system/mysql.service", "/etc/systemd/system/mysql.service")
MARIADB_UNIT = Path("/lib/systemd/system/mariadb.service")


class Remedy(NamedTuple):
    advice: str | Promise
    command: str = ""


EXPORT = 'd=$(mktemp -d) && .venv/bin/python manage.py exportconfig --output "$d/bundle"'
RUN_APPLY = 'sh "$d/bundle/apply"'
REMOVE = 'rm -r "$d"'
"""The bundle contains passwords."""

APPLY_COMMAND = f"{EXPORT} && {RUN_APPLY}; {REMOVE}"

NONE = Remedy("")
APPLY = Remedy(_("Export and apply the configuration again:"), APPLY_COMMAND)
"""Puts every file, right, group and service of the mail host in order."""

APPLY_AND_RESTART = Remedy(
    _("Export and apply the configuration again, then restart Postfix:"),
    f"{APPLY_COMMAND}; systemctl restart postfix",
)
"""Also for an smtpd that holds on to what it has read or connected to."""

APPLY_AND_RESTART_BOTH = Remedy(
    _("Export and apply the configuration again, then restart Dovecot and Postfix:"),
    f"{APPLY_COMMAND}; systemctl restart dovecot postfix",
)
REPAIR_BEFORE = Remedy(
    _("First repair the hops before this one. If this stays broken, restart Postfix:"),
    "systemctl restart postfix",
)

RUN_ON_SQLITE = (
    "python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])'"
)
"""The program sqlite3 need not be installed."""

CREATE = Remedy(
    _("If MAIL_DATABASE_URL in .env names the right database, create what is missing in it:"),
    ".venv/bin/python manage.py migrate --database mail",
)
REBUILD_LOOKUPS = Remedy(
    _("Create the triggers of the panel's lookup tables again:"),
    ".venv/bin/python manage.py rebuildlookups",
)
CREATE_LOOKUPS = Remedy(
    _("Create the panel's lookup tables again:"),
    f"{CREATE.command} && {REBUILD_LOOKUPS.command}",
)
RAISE_LIMIT = Remedy(_("Raise this limit of the account on the database host, with ALTER USER."))
PANEL_RIGHTS = Remedy(
    _(
        "Correct the databases' URLs in .env, or give the account the password and the rights that "
        "they expect, on the database host."
    )
)
READ_LOG = Remedy(_("The cause is in the database; its log on the database host may name it."))


def restart(advice: str | Promise, *services: str) -> Remedy:
    return Remedy(advice, restart_command(*services))


def restart_command(*services: str) -> str:
    return f"systemctl restart {' '.join(services)}"


def end(advice: str | Promise, *services: str) -> Remedy:
    """Restart services of which some process hangs, without waiting for it to end."""
    names = " ".join(services)
    return Remedy(advice, f"systemctl kill --signal=KILL {names}; {restart_command(*services)}")


def restart_readers(host: MailHost) -> str:
    """Restart what has lost the database: Postfix doesn't ask again for a minute."""
    return restart_command(*(["dovecot"] if host.variant.name == "v2" else []), "postfix")


def database_service() -> str:
    """Return the name of the database's service on this machine."""
    is_mysql = not MARIADB_UNIT.exists() and any(Path(unit).exists() for unit in MYSQL_UNITS)
    return "mysql" if is_mysql else "mariadb"


def start_database(host: MailHost, place: DatabaseHost) -> Remedy:
    if place.is_local:
        command = f"{restart_command(database_service())} && {restart_readers(host)}"
        return Remedy(
            gettext("Start the database, then restart the services that use it:"), command
        )
    advice = gettext(
        "Start the database on %(name)s, or repair the connection to it. Then restart the services "
        "that use it:"
    )
    return Remedy(advice % {"name": place.name}, restart_readers(host))


def sql_client(place: DatabaseHost) -> str:
    """Return the command that opens this database as its administrator, on the mail host."""
    client = "mysql" if database_service() == "mysql" else "mariadb"
    if place.socket == MYSQL_SOCKET or (not place.socket and place.is_local and place.port == 3306):
        return client
    if place.socket:
        return f"{client} --socket={quote(place.socket)}"
    return f"{client} --host={quote(place.name)} --port={place.port} --user=root -p"


def grant(host: MailHost, place: DatabaseHost) -> Remedy:
    advice = gettext("Create the daemons' database accounts again, with the passwords in .env:")
    grants = f'{sql_client(place)} < "$d/bundle/grants.sql"'
    return Remedy(advice, f"{EXPORT} && {grants} && {restart_readers(host)}; {REMOVE}")


def grant_panel(host: MailHost, place: DatabaseHost) -> Remedy:
    """Give the panel's own account its password and its rights; its tables stay as they are."""
    if not place.is_local:
        return PANEL_RIGHTS
    advice = gettext(
        "Correct the databases' URLs in .env, or give the account the password and the rights that "
        "they expect:"
    )
    command = f".venv/bin/python manage.py panelgrants | {sql_client(place)}"
    return Remedy(advice, f"{command} && {restart_readers(host)}")


def allow_more(host: MailHost, place: DatabaseHost, setting: str) -> Remedy:
    advice = gettext(
        "Raise %(setting)s in the database's configuration. This doubles it until the next restart:"
    )
    statement = f"SET GLOBAL {setting} = 2 * @@GLOBAL.{setting}"
    command = f'{sql_client(place)} --execute="{statement}" && {restart_readers(host)}'
    return Remedy(advice % {"setting": setting}, command)


def on_database(database: MailDatabase, *statements: str) -> Remedy:
    """Return the remedy of running these statements in the mail database."""
    sql, name = quote(f"{'; '.join(statements)};"), quote(database.name)
    if database.engine == "sqlite":
        return Remedy(_("Run:"), f"{RUN_ON_SQLITE} {name} {sql}")
    return Remedy(_("On the database host, run:"), f"mariadb {name} --execute={sql}")
