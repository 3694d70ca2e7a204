"""A MySQL server on this machine that runs, but doesn't listen where it is looked for."""

import os
from shlex import quote
from typing import NamedTuple

import MySQLdb

from mailboxes.conf import MYSQL_SOCKET, DatabaseHost, MailHost
from mailboxes.doctor.processes import processes
from mailboxes.doctor.remedies import (
    Remedy,
    database_service,
    restart_command,
    restart_readers,
)
from mailboxes.doctor.words import quoted
from mailboxes.texts import gettext as _

OPTIONS = ("--skip-networking", "--skip_networking", "--bind-address", "--bind_address", "--port")
FOLDERS = {"mariadb": "/etc/mysql/mariadb.conf.d", "mysql": "/etc/mysql/mysql.conf.d"}
PROGRAMS = ("mariadbd", "mysqld")


class Listening(NamedTuple):
    skips_network: bool
    address: str
    port: int

    def __str__(self) -> str:
        if self.skips_network:
            return _("only on its socket (skip_networking)")
        return _("on %(address)s, port %(port)s") % {
            "address": quoted(self.address),
            "port": self.port,
        }


def find(place: DatabaseHost) -> Listening | None:
    """Ask the server over its socket, as the database's administrator; None if that fails."""
    if os.geteuid() or not place.is_local or place.socket:
        return None
    try:
        connection = MySQLdb.connect(user="root", unix_socket=MYSQL_SOCKET, connect_timeout=1)
    except MySQLdb.Error:
        return None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@skip_networking, @@bind_address, @@port")
            skips, address, port = cursor.fetchone()
    except MySQLdb.Error:
        return None
    finally:
        connection.close()
    return Listening(str(skips) in ("1", "ON"), address or "*", int(port))


def remedy(host: MailHost, place: DatabaseHost) -> Remedy:
    """Let it listen where it is looked for: in its command line, or else in its configuration."""
    service = database_service()
    again = f"{restart_command(service)} && {restart_readers(host)}"
    if options := given():
        edits = " ".join(f"-e {quote(f's#[[:space:]]{each}##')}" for each in options)
        units = f"/etc/systemd/system/{service}.service*"
        command = (
            f"grep -rlF -e {quote(options[0])} {units} | xargs sed -i {edits} && "
            f"systemctl daemon-reload && {again}"
        )
        advice = _("The options %(options)s in its unit say so. Remove them:")
        return Remedy(advice % {"options": ", ".join(options)}, command)
    lines = rf"[mysqld]\nskip_networking=0\nbind_address={place.name}\nport={place.port}\n"
    file = f"{FOLDERS[service]}/zz-mailadmin.cnf"
    advice = _(
        "Let it listen there as well. If other machines use it, replace the address by 0.0.0.0:"
    )
    return Remedy(advice, f"printf {quote(lines)} >{file} && {again}")


def given() -> list[str]:
    """Return the last options of the command line that decide where it listens."""
    words = next((argv for name in PROGRAMS for _folder, argv in processes(name)), [])
    found = [word for word in words if word.startswith(OPTIONS)]
    last = {word.partition("=")[0]: word for word in found}
    usual = {"--bind-address=127.0.0.1", "--port=3306"}
    return [word for word in last.values() if word not in usual]
