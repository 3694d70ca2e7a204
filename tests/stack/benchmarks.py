"""The speed of an import beside LOAD DATA, on MariaDB, and sign-ins while a database node dies.

Run it with:

    ./deploy/test -n 0 tests/stack/benchmarks.py

It only prints: times on a shared machine are noise, and only the ratio of two that were measured
in turn means something. The largest number takes several minutes.
"""

import time
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import PANEL_ENV, MailHost, hosts
from tests.servers import Galera, MariaDB
from tests.stack.test_galera import cluster, sign_in_while_a_node_dies

__all__ = ["cluster"]


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
