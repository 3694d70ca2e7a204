"""The panel's own tests under the Python of each release, one case of each."""

import sys

import pytest

from tests.machine import Machine
from tests.mailhost import newest_release, releases
from tests.stack.test_mariadb import DATABASE_TESTS, LOG_TESTS

pytestmark = pytest.mark.stack

ENV = {
    "ENV_FILE": "/dev/null",
    "SECRET_KEY": "only for tests, and long enough for Django's own check of it",
    "MAIL_HOSTNAME": "mail.example.test",
    "DATABASE_URL": "sqlite:////tmp/panel.sqlite3",
    "MAIL_DATABASE_URL": "sqlite:////tmp/mail.sqlite3",
    "STATIC_ROOT": "/tmp/static",
}
# They visit every page again, or read files, whatever the version of Python.
ONCE = ["base_path", "documented_cases", "every_url", "hostile_input", "release"]
ONCE += ["shell_scripts", "source", "sqlite_growth", "three_roles", "translations", "urls_by_role"]


@pytest.mark.parametrize("machine", releases(), indirect=True)
def test_the_panels_own_tests_pass(machine: Machine, request: pytest.FixtureRequest) -> None:
    version = "{}.{}".format(*sys.version_info)
    if version in machine.run([machine.python, "--version"]).stdout:
        pytest.skip(f"Python {version} runs these tests outside of the machine, too.")
    machine.run(["hostname", "panel.example.test"])  # the mail host of these tests isn't there
    (machine / "etc/hosts").write_text("127.0.0.1 localhost panel.example.test\n::1 localhost\n")
    there = ["env", "--chdir", str(machine.checkout)]
    quick = ["-m", "not stack and not browser", "-p", "no:cacheprovider", "-p", "tests.first_cases"]
    quick += [f"--ignore=tests/test_{name}.py" for name in ONCE]
    if request.node.callspec.params["machine"] in newest_release()[0].values:
        # These run on MariaDB there, with this Python.
        quick += [f"--ignore=tests/{name}" for name in (*DATABASE_TESTS, *LOG_TESTS)]
    done = machine.run(
        [*there, machine.python, "-m", "pytest", *quick], env=ENV, check=False, timeout=1200
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
