"""What is advised when a MySQL server refuses an account."""

from dataclasses import replace

import MySQLdb
import pytest
from django.db import OperationalError

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import database, mysql_errors, mysql_settings, unwritable, views
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.mysql_errors import Refusal
from mailboxes.models import Domain
from mailboxes.sending import COLUMN
from mailboxes.variants import VARIANTS

LOCAL, REMOTE = DatabaseHost(socket="/run/mysqld/mysqld.sock"), DatabaseHost("db.example.org")


@pytest.mark.parametrize(
    ("number", "place", "command"),
    [
        (1040, LOCAL, 'mariadb --execute="SET GLOBAL max_connections = 2 * @@GLOBAL.max_conn'),
        (1040, REMOTE, "mariadb --host=db.example.org --port=3306 --user=root -p --execute="),
        (1226, LOCAL, ""),  # a limit that it doesn't name
        (4151, LOCAL, 'mariadb --execute=\'ALTER USER IF EXISTS "mail_auth"@'),
        (3118, REMOTE, "mariadb --host=db.example.org --port=3306 --user=root -p --execute="),
        (1820, LOCAL, "d=$(mktemp -d) && .venv/bin/python manage.py exportconfig"),
        (1862, LOCAL, "d=$(mktemp -d) && .venv/bin/python manage.py exportconfig"),
        (1054, LOCAL, ""),
        (1129, LOCAL, 'mariadb --execute="FLUSH HOSTS" && '),
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


def explained(examination: Examination, code: str, number: int, text: str) -> tuple[str, str]:
    refusal = Refusal(code, "mail_auth", LOCAL, MySQLdb.Error(number, text))
    remedy = mysql_errors.explain(examination.host, refusal).remedy
    return str(remedy.advice), remedy.command


@pytest.mark.parametrize(
    ("resource", "option"),
    [
        ("max_user_connections", "MAX_USER_CONNECTIONS"),
        ("max_queries_per_hour", "MAX_QUERIES_PER_HOUR"),
        ("max_questions", "MAX_QUERIES_PER_HOUR"),
    ],
)
def test_the_limit_that_the_error_names_is_lifted(
    examination: Examination, resource: str, option: str
) -> None:
    text = f"User 'mail_auth' has exceeded the '{resource}' resource (current value: 1)"
    _advice, command = explained(examination, "database.auth", 1226, text)
    assert f"WITH {option} 0'" in command


def test_the_panels_own_expired_password_is_not_in_the_exported_grants(
    examination: Examination,
) -> None:
    _advice, command = explained(examination, "database.panel", 1820, "You must SET PASSWORD")
    assert command.startswith(".venv/bin/python manage.py panelgrants | mariadb && ")


def test_settings_of_the_server_that_are_unusual_are_named_and_set_back(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"max_statement_time": "0.00001", "sql_mode": "ANSI"}
    monkeypatch.setattr(mysql_settings, "find", lambda _place: found)
    advice, command = explained(examination, "database.auth", 1969, "max_statement_time exceeded")
    assert "max_statement_time = 0.00001; sql_mode = ANSI" in advice
    reset = "SET GLOBAL max_statement_time = DEFAULT; SET GLOBAL sql_mode = DEFAULT"
    assert command.startswith(f'mariadb --execute="{reset}" && ')
    monkeypatch.setattr(mysql_settings, "find", lambda _place: {})
    assert explained(examination, "database.auth", 1969, "exceeded")[1] == ""


def test_an_account_on_another_host_gets_no_command(examination: Examination) -> None:
    refusal = Refusal("database.panel", "panel", REMOTE, MySQLdb.Error(1045, "Access denied"))
    assert not mysql_errors.explain_panel(examination.host, refusal).remedy.command


@pytest.mark.parametrize(
    ("number", "text", "command"),
    [
        (1205, "Lock wait timeout exceeded", "SHOW FULL PROCESSLIST"),
        (1290, "is running with the --read-only option so", "SET GLOBAL read_only = 0"),
        (1290, "is running with the --super-read-only option", "SET GLOBAL super_read_only = 0"),
        (1290, "is running with the --secure-file-priv option", ""),
        (1114, "The table 'mailbox' is full", "df -h"),
        (1054, "Unknown column 'maildir'", ""),
        (1142, "INSERT command denied", "manage.py panelgrants | mariadb"),
        (1146, "Table 'mail.lookup_count' doesn't exist", "manage.py migrate --database mail"),
        (1406, "Data too long for column 'name' at row 1", ""),
        (1449, "The user specified as a definer ('x'@'%') does not exist", "rebuildlookups"),
    ],
)
def test_why_the_temporary_mailbox_cannot_be_created_has_its_own_remedy(
    examination: Examination, number: int, text: str, command: str
) -> None:
    found = unwritable.explain(examination, OperationalError(number, text), LOCAL)
    assert found.code == "database.canary" and found.remedy.advice
    assert command in found.remedy.command and bool(command) == bool(found.remedy.command)


class Server:
    """What connects as MySQLdb does, and refuses to read a column with this error, if any."""

    def __init__(self, *error: object) -> None:
        self.error, self.connections, self.empty = error, 0, ""

    def connect(self, **options: object) -> "Server":
        self.connections += 1
        return self

    def cursor(self) -> "Server":
        return self

    def execute(self, statement: str, params: object = None) -> int:
        if self.error and COLUMN in statement:
            raise MySQLdb.OperationalError(*self.error)
        return 0 if f" FROM {self.empty} " in statement else 1

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ((), "database.auth"),
        ((1054, f"Unknown column '{COLUMN}' in 'SELECT'"), "database.auth"),
        ((1143, f"SELECT command denied for column '{COLUMN}'"), "database.auth.grant"),
    ],
)
def test_an_account_signs_in_once_also_for_a_column_that_a_table_may_lack(
    examination: Examination,
    monkeypatch: pytest.MonkeyPatch,
    error: tuple[object, ...],
    code: str,
) -> None:
    server = Server(*error)
    monkeypatch.setattr(MySQLdb, "connect", server.connect)
    host = replace(examination.host, variant=VARIANTS["v1"])
    _lookup, found = database.try_host(host, DatabaseHost("127.0.0.1"))
    assert (found.code, found.state == "working") == (code, code == "database.auth")
    assert server.connections == 2


def test_a_table_whose_rows_an_account_does_not_see_is_named(
    examination: Examination, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server()
    monkeypatch.setattr(MySQLdb, "connect", server.connect)
    replica = DatabaseHost("db.example.org")
    monkeypatch.setattr(views, "definer_of", lambda table: "")
    server.empty = "alias"  # nobody has one
    assert {each.state for each in database.try_host(examination.host, replica)} == {"working"}
    server.empty = "domain"
    found = {each.code: each for each in database.try_host(examination.host, replica)}
    assert "sees no rows of the table domain" in found["database.lookup.rows"].seen
    assert "fallen behind" in str(found["database.auth.rows"].remedy.advice)
    monkeypatch.setattr(views, "definer_of", lambda table: "root@localhost")
    monkeypatch.setattr(mysql_errors, "panel_place", lambda: LOCAL)
    found = {each.code: each for each in database.try_host(examination.host, replica)}
    assert "it is a view" in found["database.auth.rows"].seen
    assert found["database.auth.rows"].remedy.command.startswith("mariadb --batch --raw ")
