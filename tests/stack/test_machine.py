"""The machines themselves: one must neither outlive the tests nor change the computer's clock."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import debian_roots
from tests.machine import CHECKOUT, wait_until
from tests.mailhost import releases

pytestmark = pytest.mark.stack

SYS_TIME = 1 << 25  # linux/capability.h
STARTER = """\
import sys, time
from pathlib import Path
from tests.machine import Machine, Root
python, *layers = sys.argv[1:]
with Machine(Root(tuple(map(Path, layers)), python)) as machine:
    machine.start("sleep", ["sleep", "600"], lambda: True)
    print(machine.folder, machine.pid, flush=True)
    now = machine.run(["sh", "-c", "date --set=\\"$(date)\\" 2>&1; grep -h CapBnd /proc/1/status"])
    print(*now.stdout.splitlines(), sep="\\n", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("release", releases())
def test_a_machine_ends_with_the_process_that_started_it(
    release: str, pytestconfig: pytest.Config
) -> None:
    root = debian_roots.get_root(release, pytestconfig)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, root.python, *root.layers],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout
    folder, pid = starter.stdout.readline().split()
    assert Path("/proc", pid).exists()
    said = [starter.stdout.readline().rstrip("\n") for _ in range(3)]
    assert said[0] == "date: cannot set date: Operation not permitted"
    assert not int(said[-1].removeprefix("CapBnd:"), 16) & SYS_TIME
    starter.kill()
    starter.communicate()
    wait_until(lambda: not Path("/proc", pid).exists(), "the machine has ended")
    shutil.rmtree(folder)
