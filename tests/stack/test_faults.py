"""Real faults of the databases: a page says what to do, nothing is half-written, all recovers."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.machine import Machine, wait_until
from tests.mailhost import PANEL_ENV
from tests.servers import RUN, MariaDB, Panel
from tests.visitor import Visitor

pytestmark = [pytest.mark.stack, pytest.mark.finding("log-gap")]
ANNA = "/admin/mailboxes/mailbox/anna_40example.org"
LIST = "/admin/mailboxes/mailbox/"
POPULATE = """\
from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.models import Domain
from tests.racing import TESTER, create_domain, create_mailbox
create_domain("example.org")
for number in range(NUMBER):
    create_mailbox(f"m{number:03}@example.org")
create_mailbox("anna@example.org")
"""
STATE = """\
from django.db.models import Exists, OuterRef
from mailboxes.models import Alias, Mailbox
own = Alias.objects.filter(pk=OuterRef("pk"), active=OuterRef("active"))
assert not Mailbox.objects.exclude(Exists(own)).exists(), "a mailbox and its alias differ"
print(Mailbox.objects.get(pk="anna@example.org").active)
"""
SETTLE = """\
from datetime import timedelta
from mailboxes.actions import interrupted
interrupted.PATIENCE = timedelta(0)
interrupted.settle_open_entries()
"""
UNSURE = """\
from mailboxes.audit.models import Entry, OpenEntry
from mailboxes.models import Mailbox
[entry] = Entry.objects.filter(action="mailbox.disable", phase="begun", parent=None)
assert OpenEntry.objects.get().entry == entry, "the entry has an end"
logged = set(entry.subjects.values_list("name", flat=True))
disabled = set(Mailbox.objects.filter(active=False).values_list("pk", flat=True))
assert disabled and disabled < logged, (len(disabled), len(logged))
print(len(disabled), len(logged) - len(disabled))
"""
SETTLED = 'print(*Entry.objects.filter(phase="settled").values_list("text", flat=True))'
FAILING_COMMIT = """\
from django.db import DatabaseError, connections
from mailboxes import actions
from mailboxes.models import Mailbox
from tests.racing import TESTER

def kill_before_the_commit(execute, sql, params, many, context):
    done = execute(sql, params, many, context)
    if sql.startswith("UPDATE `alias`"):
        with connections["default"].cursor() as cursor:
            cursor.execute(f"KILL {connections['mail'].connection.thread_id()}")
    return done

anna = Mailbox.objects.get(pk="anna@example.org")
with connections["mail"].execute_wrapper(kill_before_the_commit):
    try:
        actions.set_active(TESTER, anna, False)
    except DatabaseError as error:
        print(type(error).__name__)
"""
PHASES = """\
from mailboxes.audit.models import Entry
entries = Entry.objects.filter(action="mailbox.disable").order_by("seq")
print(*entries.values_list("phase", "text"))
"""
HOLD = "SELECT id FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'"


class Site:
    """A panel with its databases, and a visitor."""

    def __init__(self, machine: Machine, env: Mapping[str, str], mailboxes: int = 0) -> None:
        self.machine = machine
        self.env = env
        machine.run(["install", "-d", machine.checkout / "var"])
        self.shell(POPULATE.replace("NUMBER", str(mailboxes)))
        self.visitor = Visitor(machine, env)
        self.panel = Panel(machine, "", env)

    def manage(self, *arguments: str) -> str:
        command: list[str | Path] = [self.machine.python, self.machine.checkout / "manage.py"]
        return self.machine.run([*command, *arguments], env=self.env).stdout

    def shell(self, code: str) -> str:
        return self.manage("shell", "-v0", "-c", code).strip()

    def disable(self) -> tuple[int, str]:
        return self.visitor.ask(f"{ANNA}/set-active/", {"active": "0"})

    def assert_it_works_again(self) -> None:
        """Without a restart: the row is as before, can be changed, and the log is complete."""
        assert self.shell(STATE) == "True"
        assert self.disable()[0] == 302 and self.shell(STATE) == "False"
        assert self.visitor.ask(f"{ANNA}/set-active/", {"active": "1"})[0] == 302
        self.shell(SETTLE)
        assert "The log is intact" in self.manage("verifylog")


@pytest.fixture
def site(machine: Machine, tables: MariaDB) -> Site:
    return Site(machine, PANEL_ENV)


@contextmanager
def stopped(mariadb: MariaDB, how: signal.Signals = signal.SIGTERM) -> Iterator[None]:
    mariadb.stop(how)
    yield
    mariadb.start()


@contextmanager
def read_only(mariadb: MariaDB) -> Iterator[None]:
    mariadb.query("SET GLOBAL read_only = 1")
    yield
    mariadb.query("SET GLOBAL read_only = 0")


@contextmanager
def locked(mariadb: MariaDB, database: str, sql: str) -> Iterator[None]:
    """Let another program hold a lock."""
    client = ["mariadb", f"--socket={RUN}/mysqld.sock", database, "-e"]
    mariadb.machine.start("locker", [*client, f"{sql}; DO SLEEP(300)"], lambda: mariadb.query(HOLD))
    yield
    mariadb.query(f"KILL {mariadb.query(HOLD).strip()}")
    mariadb.machine.started.pop("locker").wait(30)


FAULTS: dict[str, tuple[str, Callable[[MariaDB], AbstractContextManager[None]]]] = {
    "stopped": ("Database unavailable", stopped),
    "killed": ("Database unavailable", lambda mariadb: stopped(mariadb, signal.SIGKILL)),
    "read-only": ("Database is read-only", read_only),
    "row locked": (
        "Database is busy",
        lambda mariadb: locked(mariadb, "mail", "BEGIN; SELECT * FROM mailbox FOR UPDATE"),
    ),
    "table locked": (
        "Database is busy",
        lambda mariadb: locked(mariadb, "mail", "LOCK TABLES mailbox WRITE"),
    ),
    "log locked": (
        "Database is busy",
        lambda mariadb: locked(mariadb, "panel", "BEGIN; SELECT * FROM audit_head FOR UPDATE"),
    ),
}


def test_after_each_fault_of_mariadb_nothing_is_half_written(site: Site, tables: MariaDB) -> None:
    for name, (title, fault) in FAULTS.items():
        with fault(tables):
            started = time.monotonic()
            status, page = site.disable()
            assert (status, title in page) == (503, True), (name, status, page)
            assert "Check before you submit them again" in page, name
            assert time.monotonic() - started < 20, name
        site.assert_it_works_again()


def test_a_worker_killed_in_a_bulk_action_leaves_no_row_without_an_entry(
    machine: Machine, tables: MariaDB
) -> None:
    site = Site(machine, PANEL_ENV, 99)
    slow = "CREATE TRIGGER slow BEFORE UPDATE ON mailbox FOR EACH ROW DO SLEEP(0.1)"
    tables.query(slow, "mail")
    disabled = "SELECT COUNT(*) FROM mailbox WHERE active = 0"
    fields = {"action": "disable", "post": "yes", "select_across": "1", "index": "0"}
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(site.visitor.ask, LIST, fields)
        wait_until(lambda: int(tables.query(disabled, "mail")) > 10, "some are disabled")
        master = (machine / str(site.panel.folder / "panel.pid")).read_text().strip()
        machine.run(["pkill", "-KILL", "-P", master])  # only the workers of this panel
        assert isinstance(asked.exception(30), OSError)
    tables.query("DROP TRIGGER slow", "mail")
    done, not_done = site.shell(UNSURE).split()
    site.shell(SETTLE)
    assert site.shell("from mailboxes.audit.models import Entry;" + SETTLED) == (
        f"{done} {not_done} 0"
    )
    assert site.shell(STATE) in ("True", "False")
    assert "The log is intact" in site.manage("verifylog")
    wait_until(lambda: site.visitor.ask(LIST)[0] == 200, "the panel answers again")


def test_a_commit_that_fails_is_not_logged_as_done(machine: Machine, tables: MariaDB) -> None:
    site = Site(machine, PANEL_ENV)
    tables.query("GRANT CONNECTION ADMIN ON *.* TO panel@localhost")
    assert site.shell(FAILING_COMMIT) == "OperationalError"
    assert site.shell(STATE) == "True"
    assert site.shell(PHASES) == "('begun', '')"
    site.shell(SETTLE)
    assert site.shell(PHASES) == "('begun', '') ('settled', '0 1 0')"
    assert "The log is intact" in site.manage("verifylog")


FULL = "/srv/full"
ON_TMPFS = {
    **PANEL_ENV,
    "DATABASE_URL": f"sqlite:///{FULL}/panel.sqlite3",
    "MAIL_DATABASE_URL": f"sqlite:///{FULL}/mail.sqlite3",
}
HOLDING = """\
import os, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
with open("/tmp/new", "w") as file:
    file.write(str(os.getpid()))
os.rename("/tmp/new", "/tmp/held")
time.sleep(300)
"""


@contextmanager
def full(machine: Machine, file: str) -> Iterator[None]:
    machine.run(["dd", "if=/dev/zero", f"of={FULL}/fill", "bs=4k"], check=False)
    yield
    machine.run(["rm", f"{FULL}/fill"])


@contextmanager
def file_locked(machine: Machine, file: str) -> Iterator[None]:
    held = machine / "tmp/held"
    held.unlink(missing_ok=True)
    command = [machine.python, "-c", HOLDING, f"{FULL}/{file}.sqlite3"]
    machine.start("holder", command, held.exists)
    yield
    machine.stop("holder", "tmp/held")


def test_after_each_fault_of_sqlite_nothing_is_half_written(machine: Machine) -> None:
    machine.run(["install", "-d", FULL])
    machine.run(["mount", "-t", "tmpfs", "-o", "size=3M", "tmpfs", FULL])
    manage: list[str | Path] = [machine.python, machine.checkout / "manage.py", "migrate"]
    machine.run(manage, env=ON_TMPFS)
    machine.run([*manage, "--database", "mail"], env=ON_TMPFS)
    site = Site(machine, ON_TMPFS)
    for title, fault, file in (
        ("Database is full", full, ""),
        ("Database is busy", file_locked, "mail"),
        ("Database is busy", file_locked, "panel"),
    ):
        with fault(machine, file):
            started = time.monotonic()
            status, page = site.disable()
            assert (status, title in page) == (503, True), (title, file, status, page)
            assert time.monotonic() - started < 15, file
        site.assert_it_works_again()
