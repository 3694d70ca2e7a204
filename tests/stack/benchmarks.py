"""What pages cost beside other panels, and an import beside LOAD DATA, on MariaDB; sign-ins while a
database node dies.

Run it with:

    ./deploy/test -n 0 tests/stack/benchmarks.py

It only prints: times on a shared machine are noise, and only the ratio of two that were measured
in turn means something. The largest number takes several minutes.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.machine import Machine
from tests.mailhost import PANEL_ENV, MailHost, hosts
from tests.old_panel import PostfixAdmin, read_form
from tests.servers import Galera, MariaDB
from tests.stack.test_galera import cluster, sign_in_while_a_node_dies

__all__ = ["cluster"]

SIZES = (1_000, 100_000, 1_000_000)
LARGEST = "large1.example"
COPY = """\
INSERT IGNORE INTO pfa.domain (domain, description, transport)
SELECT domain, description, '' FROM mail.domain;
INSERT INTO pfa.mailbox (username, password, name, maildir, local_part, domain, quota, active)
SELECT username, password, name, maildir, local_part, domain, quota, active FROM mail.mailbox
WHERE local_part BETWEEN 'user{first:07}' AND 'user{last:07}';
INSERT INTO pfa.alias (address, goto, domain) SELECT address, goto, domain FROM mail.alias
WHERE SUBSTRING(address, LOCATE('user', address), 11) BETWEEN 'user{first:07}' AND 'user{last:07}';
ANALYZE TABLE pfa.domain, pfa.mailbox, pfa.alias;
"""
Costs = dict[str, dict[int, tuple[float, float]]]
"""By page and number of mailboxes: milliseconds of the panel's and of the database's processors."""


@pytest.mark.parametrize(("number", "passwords"), [(100_000, "clear"), (1_000_000, "hashes")])
def test_an_import_beside_load_data(
    machine: Machine,
    tables: MariaDB,
    capsys: pytest.CaptureFixture[str],
    number: int,
    passwords: str,
) -> None:
    tables.stop()
    tables.start("--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M")
    script = machine.checkout / "tests/import_rates.py"
    command: list[str | Path] = [machine.python, script, str(number), passwords]
    done = machine.run(command, env=PANEL_ENV, timeout=3600)
    with capsys.disabled():
        print(f"\n{done.stdout.strip()}")


@pytest.mark.parametrize("host", hosts(database="mariadb"), indirect=True)
def test_a_thousand_sign_ins_while_a_node_dies(
    host: MailHost, cluster: Galera, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    codes = sign_in_while_a_node_dies(host, cluster, 1000)
    seconds = time.monotonic() - begun
    with capsys.disabled():
        print(f"\n{host.release.name} {host.variant}, one of three nodes killed: {dict(codes)}")
        print(f"in {seconds:.0f} s")


@pytest.mark.parametrize("machine", ["debian12"], indirect=True)
def test_pages_beside_other_panels(
    machine: Machine, tables: MariaDB, capsys: pytest.CaptureFixture[str]
) -> None:
    tables.stop()
    tables.start("--innodb-buffer-pool-size=3G", "--innodb-log-file-size=256M")
    tables.query("CREATE DATABASE pfa CHARACTER SET utf8mb4")
    postfixadmin = PostfixAdmin(machine, tables, "pfa", encrypt="md5crypt")
    postfixadmin.timeout = 600
    postfixadmin.create_tables()
    postfixadmin.serve()
    found: Costs = {}
    first = 1
    for size in SIZES:
        page_costs(machine, "fill", str(first), str(size))
        tables.query(COPY.format(first=first, last=size))
        first = size + 1
        for panel in ("ours", "stock", *["every"] * (size != SIZES[1])):
            for line in page_costs(machine, panel).splitlines():
                name, own, server = line.split("\t")
                found.setdefault(f"{panel}: {name}", {})[size] = (float(own), float(server))
        for name, page in pages_of(postfixadmin, size).items():
            cost = (processor_time(machine, page), 0.0)
            found.setdefault(f"PostfixAdmin: {name}", {})[size] = cost
        with capsys.disabled():
            print_costs(found, size)


def page_costs(machine: Machine, *arguments: str) -> str:
    script = machine.checkout / "tests/page_costs.py"
    return machine.run([machine.python, script, *arguments], env=PANEL_ENV, timeout=3600).stdout


def pages_of(postfixadmin: PostfixAdmin, size: int) -> dict[str, Callable[[], object]]:
    urls = {
        "mailboxes of the largest domain": f"list-virtual.php?domain={LARGEST}",
        "search: beginning of an address": "list-virtual.php?search[_]=user00005",
        "domains with their counts": "list.php?table=domain",
    }

    def create() -> None:
        page = f"edit.php?{urlencode({'table': 'mailbox', 'domain': LARGEST})}"
        word = "Four-unrelated-words-11"
        values = {
            "local_part": f"new{size}", "domain": LARGEST, "password": word, "password2": word,
            "name": "New", "quota": "0", "active": "1",
        }  # fmt: skip
        changes = {f"value[{name}]": value for name, value in values.items()}
        form = read_form(postfixadmin.open(page)[1]) | changes
        form.pop("value[welcome_mail]", None)
        assert f"new{size}@" in postfixadmin.open(page, form)[1]

    pages: dict[str, Callable[[], object]] = {
        name: partial(postfixadmin.open, url) for name, url in urls.items()
    }
    return pages | {"create a mailbox (form and POST)": create}


def processor_time(machine: Machine, page: Callable[[], object]) -> float:
    """Return the milliseconds of processors that a request takes: PHP and the database."""

    def so_far() -> float:
        tasks = machine.run(["sh", "-c", "cat /proc/[0-9]*/task/*/schedstat"]).stdout
        return sum(int(line.split()[0]) for line in tasks.splitlines()) / 1e6

    before = so_far()
    page()
    return so_far() - before


def print_costs(found: Costs, size: int) -> None:
    print(
        f"\nmilliseconds of processors for a request at {size} mailboxes, and times those at 1,000"
    )
    for name, costs in found.items():
        if size not in costs:
            continue
        total, small = sum(costs[size]), sum(costs[SIZES[0]])
        print(f"{name}\t{costs[size][0]:.1f} + {costs[size][1]:.1f}\t{total / small:.2f}")
