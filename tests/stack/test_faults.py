"""Real faults of the databases: a page says what to do, nothing is half-written, all recovers."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.conftest import PASSWORD
from tests.machine import Machine, wait_until
from tests.mailhost import CREATE_TABLES, PANEL_ENV, newest_release
from tests.servers import DATA, RUN, MariaDB
from tests.site import LIST, SETTLE, STATE, Site

pytestmark = [
    pytest.mark.stack,
    pytest.mark.finding("log-gap"),
    pytest.mark.parametrize("machine", newest_release(), indirect=True),
]
UNSURE = """\
from mailboxes.audit.models import OpenEntry
from mailboxes.models import Mailbox
entry = OpenEntry.objects.get().entry
assert (entry.action, entry.parent) == ("mailbox.disable", None)
logged = set(entry.subjects.values_list("name", flat=True))
disabled = set(Mailbox.objects.filter(active=False).values_list("pk", flat=True))
assert disabled in (set(), logged), (len(disabled), len(logged))
print(len(disabled), len(logged) - len(disabled))
"""
CREATED = """\
from mailboxes.audit.models import Entry
created = Entry.objects.filter(action="mailbox.create")
took_place = created.filter(phase="done") | created.filter(phase="settled", text="1 0 0")
print(took_place.count())
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


@contextmanager
def rejecting(mariadb: MariaDB) -> Iterator[None]:
    """Let a node of Galera answer each statement with 1047, also those of open transactions.

    Losing the cluster would kill the connections first.
    """
    mariadb.query("SET GLOBAL wsrep_reject_queries = ALL")
    yield
    mariadb.query("SET GLOBAL wsrep_reject_queries = NONE")


def assert_unavailable(site: Site, title: str, what: str = "") -> None:
    started = time.monotonic()
    status, page = site.disable()
    assert (status, title in page) == (503, True), (what, status, page)
    assert "Check before you submit them again" in page, what
    assert time.monotonic() - started < 20, what


def test_after_each_fault_of_mariadb_nothing_is_half_written(site: Site, tables: MariaDB) -> None:
    for name, (title, fault) in FAULTS.items():
        with fault(tables):
            assert_unavailable(site, title, name)
        site.assert_it_works_again()


GALERA = (
    *("--wsrep-on=ON", "--wsrep-provider=/usr/lib/galera/libgalera_smm.so"),
    *("--wsrep-cluster-address=gcomm://", "--wsrep-node-address=127.0.0.1"),
    *("--binlog-format=ROW", "--innodb-autoinc-lock-mode=2"),
)


@contextmanager
def cut_off(mariadb: MariaDB) -> Iterator[None]:
    """Let a node of Galera lose its cluster: it still runs, but is not ready (1047)."""
    mariadb.query("SET GLOBAL wsrep_cluster_address = 'gcomm://127.0.0.2?pc.wait_prim=no'")
    yield
    mariadb.query("SET GLOBAL wsrep_cluster_address = 'gcomm://'")


@contextmanager
def bulk_action(site: Site, mariadb: MariaDB) -> Iterator[Future[tuple[int, str]]]:
    """Disable all mailboxes slowly; they are being disabled when the block is entered."""
    slow = "CREATE TRIGGER slow BEFORE UPDATE ON mailbox FOR EACH ROW DO SLEEP(0.1)"
    mariadb.query(slow, "mail")
    updating = "SELECT 1 FROM information_schema.processlist WHERE state = 'User sleep'"
    fields = {"action": "disable", "post": "yes", "select_across": "1", "index": "0"}
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(site.visitor.ask, LIST, fields)
        wait_until(lambda: mariadb.query(updating), "rows are being disabled")
        yield asked
    mariadb.query("DROP TRIGGER slow", "mail")


def assert_each_disabled_row_is_logged(site: Site) -> None:
    done, not_done = site.shell(UNSURE).split()
    site.shell(SETTLE)
    assert site.shell("from mailboxes.audit.models import Entry;" + SETTLED) == (
        f"{done} {not_done} 0"
    )
    assert site.shell(STATE) in ("True", "False")
    assert "The log is intact" in site.manage("verifylog")
    wait_until(lambda: site.visitor.ask(LIST)[0] == 200, "the panel answers again")


def test_a_worker_killed_in_a_bulk_action_leaves_no_row_without_an_entry(
    machine: Machine, tables: MariaDB
) -> None:
    site = Site(machine, PANEL_ENV, 99)
    with bulk_action(site, tables) as asked:
        master = (machine / str(site.panel.folder / "panel.pid")).read_text().strip()
        machine.run(["pkill", "-KILL", "-P", master])  # only the workers of this panel
        assert isinstance(asked.exception(30), OSError)
    assert_each_disabled_row_is_logged(site)


def test_a_node_of_galera_that_loses_its_cluster_leaves_nothing_half_written(
    machine: Machine, tables: MariaDB
) -> None:
    tables.stop()
    tables.start(*GALERA)
    site = Site(machine, PANEL_ENV, 99)
    with cut_off(tables):
        assert_unavailable(site, "Database unavailable")
    assert "1047, 'WSREP has not yet prepared node for application use'" in machine.tail("panel")
    site.assert_it_works_again()
    with bulk_action(site, tables) as asked, rejecting(tables):
        status, page = asked.result(60)
        assert (status, "Database unavailable" in page) == (503, True), (status, page)
    print(machine.tail("panel", 80))
    assert_each_disabled_row_is_logged(site)


def test_a_commit_that_fails_is_not_logged_as_done(machine: Machine, tables: MariaDB) -> None:
    site = Site(machine, PANEL_ENV)
    tables.query("GRANT CONNECTION ADMIN ON *.* TO panel@localhost")
    assert site.shell(FAILING_COMMIT) == "OperationalError"
    assert site.shell(STATE) == "True"
    assert site.shell(PHASES) == "('begun', '')"
    site.shell(SETTLE)
    assert site.shell(PHASES) == "('begun', '') ('settled', '0 1 0')"
    assert "The log is intact" in site.manage("verifylog")


@contextmanager
def full_volume(mariadb: MariaDB, database: str) -> Iterator[None]:
    """Fill the file system on which `on_small_volume` has put the tables of a database."""
    fill = f"{DATA}/{database}/fill"
    mariadb.machine.run(["dd", "if=/dev/zero", f"of={fill}", "bs=4k"], check=False)
    yield
    mariadb.machine.run(["rm", fill])


def put_on_small_volume(mariadb: MariaDB, database: str) -> None:
    folder = f"{DATA}/{database}"
    mariadb.machine.run(["mv", folder, "/srv/moved"])
    mariadb.machine.run(["install", "-d", folder])
    mariadb.machine.run(["mount", "-t", "tmpfs", "-o", "size=16M", "tmpfs", folder])
    mariadb.machine.run(["cp", "-a", "/srv/moved/.", folder])
    mariadb.machine.run(["rm", "-r", "/srv/moved"])


def add_mailboxes(site: Site) -> tuple[int, str]:
    """Add mailboxes until one is refused; return the answer."""
    fields = {"address_1": "example.org", "active": "on", "quota_0": "0", "name": "x" * 200}
    fields |= {"new_password1": PASSWORD, "new_password2": PASSWORD}
    for number in range(200):  # each page of a table has room for about 20
        answer = site.visitor.ask(f"{LIST}add/", fields | {"address_0": f"new{number:03}"})
        if answer[0] != 302:
            return answer
    raise AssertionError("Tables with no space left have taken 200 mailboxes.")


@pytest.mark.parametrize("database", ["panel", "mail"])
def test_a_table_that_cannot_grow_leaves_nothing_half_written(
    machine: Machine, tables: MariaDB, database: str
) -> None:
    tables.stop()
    put_on_small_volume(tables, database)
    tables.start()
    site = Site(machine, PANEL_ENV)
    with full_volume(tables, database):
        status, page = add_mailboxes(site)
        assert (status, "Database is full" in page) == (503, True), (status, page)
        assert "is full (1114)" in machine.tail("panel")
    counts = "SELECT COUNT(*) FROM mailbox; SELECT COUNT(*) FROM alias"
    mailboxes, aliases = tables.query(counts, "mail").split()
    assert mailboxes == aliases
    site.assert_it_works_again()
    assert site.shell(CREATED) == mailboxes


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
    manage: list[str | Path] = [machine.python, machine.checkout / "manage.py"]
    machine.run([*manage, "shell", "-v0", "-c", CREATE_TABLES], env=ON_TMPFS)
    site = Site(machine, ON_TMPFS)
    for title, fault, file in (
        ("Database is full", full, ""),
        ("Database is busy", file_locked, "mail"),
        ("Database is busy", file_locked, "panel"),
    ):
        with fault(machine, file):
            assert_unavailable(site, title, file)
        site.assert_it_works_again()
