"""Settings of a MariaDB server on this machine that can make every query fail, and undo them."""

import os

import MySQLdb

from mailboxes.conf import MYSQL_SOCKET, DatabaseHost, MailHost
from mailboxes.doctor.remedies import Remedy, restart_readers, sql_client
from mailboxes.doctor.words import quoted
from mailboxes.texts import gettext as _
from mailboxes.texts import join

NAMES = (
    *("autocommit", "completion_type", "enforce_storage_engine", "foreign_key_checks"),
    *("interactive_timeout", "lock_wait_timeout", "max_allowed_packet", "max_join_size"),
    *("max_password_errors", "max_session_mem_used", "max_statement_time", "net_read_timeout"),
    *("net_write_timeout", "old_mode", "sql_big_selects", "sql_mode", "sql_safe_updates"),
    *("sql_select_limit", "tx_read_only", "transaction_read_only", "unique_checks"),
    *("wait_timeout", "innodb_lock_wait_timeout", "tmp_disk_table_size", "tmp_table_size"),
)
UNBOUND = "SET sql_select_limit = 1000, max_statement_time = 0"
"""For this session, whose other settings don't matter to the question."""

RESET = "SET GLOBAL {name} = DEFAULT"
"""Until the next restart, after which the server's configuration counts again."""


def find(place: DatabaseHost) -> dict[str, str]:
    """Ask the server over its socket, as the database's administrator; empty if that fails."""
    if os.geteuid() or not place.is_local:
        return {}
    try:
        connection = MySQLdb.connect(
            user="root",
            unix_socket=place.socket or MYSQL_SOCKET,
            connect_timeout=1,
            read_timeout=2,
            init_command=UNBOUND,
        )
    except MySQLdb.Error:
        return {}
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT LOWER(variable_name), global_value "
                "FROM information_schema.system_variables "
                "WHERE LOWER(variable_name) IN %s AND global_value <> default_value "
                "AND global_value_origin <> 'COMPILE-TIME' ORDER BY variable_name",
                [NAMES],
            )
            return dict(cursor.fetchall())
    except MySQLdb.Error:  # MySQL has no such table
        return {}
    finally:
        connection.close()


def remedy(host: MailHost, place: DatabaseHost) -> Remedy | None:
    """Say which settings aren't the usual ones, and set them back; None if there are none."""
    found = find(place)
    if not found:
        return None
    named = join("; ", [f"{name} = {quoted(value)}" for name, value in found.items()])
    advice = _(
        "The database server has other settings than usual, which may be the cause: %(settings)s. "
        "Remove them from its configuration. This sets them back until the next restart:"
    )
    sql = "; ".join(RESET.format(name=name) for name in found)
    command = f'{sql_client(place)} --execute="{sql}" && {restart_readers(host)}'
    return Remedy(advice % {"settings": named}, command)
