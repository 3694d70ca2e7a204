"""A backup goes from SQLite to MariaDB and back, and every row stays as it is."""

from collections.abc import Mapping

import pytest

from tests.machine import Machine
from tests.mailhost import CREATE_TABLES, PANEL_ENV, newest_release
from tests.servers import MariaDB

pytestmark = pytest.mark.stack
FOLDER = "/srv/backup"
FILL = """\
from django.core.management import call_command
from django.contrib.auth.models import User
from django.db import connections
from mailboxes.access.models import Grant
call_command("createdemo")
Grant.objects.create(user=User.objects.create_user("Zoë \\N{GRINNING FACE}"), role="helpdesk")
for alias, sql in (
    ("mail", "UPDATE mailbox SET active = 2, totp_secret = 'x', name = 'a''\\\\\\"ü\\t' "
        "WHERE username = 'anna@example.org'"),
    ("default", "UPDATE auth_user SET last_login = '2026-01-02 03:04:05.000600'"),
    ("default", "INSERT INTO mfa_authenticator VALUES "
        "(7, 'totp', '{\\"secret\\": \\"ü\\"}', 1, '2026-01-01 00:00:00', NULL)"),
):
    connections[alias].cursor().execute(sql)
"""
DUMP = """\
import sqlite3, sys
for name in ("panel", "mail"):
    for line in sqlite3.connect(f"{sys.argv[1]}/{name}.sqlite3").iterdump():
        if "django_migrations" not in line and "sqlite_sequence" not in line:
            print(line.replace("\\n", " "))
"""
# They aren't in a backup, but filled anew.
LOOK_UPS = """\
SELECT (SELECT SUM(mailboxes) FROM lookup_count) = (SELECT COUNT(*) FROM mailbox),
    (SELECT COUNT(*) > 0 FROM lookup_word), (SELECT COUNT(*) > 0 FROM lookup_target),
    (SELECT COUNT(*) > 0 FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 'mail')
"""
WHILE_FROZEN = """\
from mailboxes import actions
from mailboxes.access.scope import EVERYTHING
from mailboxes.addresses import Address
from mailboxes.audit.actors import COMMAND, Actor
from mailboxes.backup import snapshot
tester = Actor(COMMAND, "tester", "", EVERYTHING)
with snapshot.take(["default", "mail"]) as frozen:
    actions.create_mailbox(tester, Address.parse("late@example.org"), "four unrelated words")
    found = [row[3] for row in frozen["mail"].rows("mailbox", "username")]
    entries = [row[0] for row in frozen["default"].rows("audit_entry", "seq")][1:]
    print("late@example.org" in found, "anna@example.org" in found)
from mailboxes.audit.models import Entry
print(Entry.objects.count() - len(entries))
"""


def on_sqlite(folder: str) -> dict[str, str]:
    databases = {"DATABASE_URL": "panel", "MAIL_DATABASE_URL": "mail"}
    return PANEL_ENV | {
        name: f"sqlite:///{folder}/{file}.sqlite3" for name, file in databases.items()
    }


class Panels:
    """Panels in a machine that differ in their databases."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def manage(self, env: Mapping[str, str], *arguments: str) -> str:
        manage = [self.machine.python, str(self.machine.checkout / "manage.py"), *arguments]
        return self.machine.run(manage, env=env).stdout

    def new(self, name: str) -> dict[str, str]:
        self.machine.run(["mkdir", "-p", f"{FOLDER}/{name}"])
        env = on_sqlite(f"{FOLDER}/{name}")
        self.manage(env, "shell", "-v0", "-c", CREATE_TABLES)
        return env

    def dump(self, name: str) -> set[str]:
        done = self.machine.run([self.machine.python, "-c", DUMP, f"{FOLDER}/{name}"])
        return set(done.stdout.splitlines())


@pytest.mark.parametrize("machine", newest_release(), indirect=True)
def test_a_backup_moves_between_sqlite_and_mariadb(machine: Machine, tables: MariaDB) -> None:
    panels = Panels(machine)
    first, last = panels.new("first"), panels.new("last")
    panels.manage(first, "firstadmin")
    panels.manage(first, "shell", "-v0", "-c", FILL)
    before = panels.dump("first")
    panels.manage(first, "backup", f"{FOLDER}/1.tar.gz")
    assert "The log is intact." in panels.manage(PANEL_ENV, "restore", f"{FOLDER}/1.tar.gz")
    assert panels.manage(PANEL_ENV, "verifylog").startswith("The log is intact.")
    found = tables.query(
        "SELECT active, totp_secret FROM mailbox WHERE username LIKE 'anna%'", "mail"
    )
    assert found.split() == ["2", "x"]
    assert set(tables.query(LOOK_UPS, "mail").split()) == {"1"}
    panels.manage(PANEL_ENV, "backup", f"{FOLDER}/2.tar.gz")
    panels.manage(last, "restore", f"{FOLDER}/2.tar.gz")
    assert panels.manage(last, "verifylog").startswith("The log is intact.")
    after = panels.dump("last")
    assert {line.split('"')[1] for line in before - after} == {"audit_head"}
    logged = {"audit_head", "audit_entry", "audit_subject"}
    assert {line.split('"')[1] for line in after - before} == logged
    # Again into tables that are full, and while others write.
    panels.manage(PANEL_ENV, "restore", f"{FOLDER}/2.tar.gz", "--replace")
    frozen = panels.manage(PANEL_ENV, "shell", "-v0", "-c", WHILE_FROZEN)
    assert frozen.split() == ["False", "True", "2"]
