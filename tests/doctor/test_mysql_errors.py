"""What is advised when a MySQL server refuses an account."""

import MySQLdb
import pytest

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import mysql_errors
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.mysql_errors import Refusal

LOCAL, REMOTE = DatabaseHost(socket="/run/mysqld/mysqld.sock"), DatabaseHost("db.example.org")


@pytest.mark.parametrize(
    ("number", "place", "command"),
    [
        (1040, LOCAL, 'mariadb --execute="SET GLOBAL max_connections = 2 * @@GLOBAL.max_conn'),
        (1040, REMOTE, "mariadb --host=db.example.org --port=3306 --user=root -p --execute="),
        (1226, LOCAL, ""),  # the account's own limit, whatever the server's is
        (1054, LOCAL, ".venv/bin/python manage.py migrate --database mail"),
        (1194, LOCAL, ""),  # a crashed table: there is nothing to create
    ],
)
def test_the_command_is_for_this_error_and_this_server(
    examination: Examination, number: int, place: DatabaseHost, command: str
) -> None:
    refusal = Refusal("database.auth", "mail_auth", place, MySQLdb.Error(number, "Refused"))
    found = mysql_errors.explain(examination.host, refusal)
    assert found.remedy.command.startswith(command) and found.remedy.advice
    assert bool(found.remedy.command) == bool(command)
