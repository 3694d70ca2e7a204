"""The speed of an import beside LOAD DATA, on MariaDB. Run it with:

    ./deploy/test -n 0 tests/stack/benchmarks.py

It only prints: times on a shared machine are noise, and only the ratio of two that were measured
in turn means something. The largest number takes several minutes.
"""

from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import PANEL_ENV
from tests.servers import MariaDB


@pytest.mark.parametrize(
    ("number", "passwords"), [(100_000, "hashes"), (100_000, "clear"), (1_000_000, "hashes")]
)
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
