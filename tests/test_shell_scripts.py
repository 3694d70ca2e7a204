"""The shell scripts, including `apply` of each bundle, read by a shell and ShellCheck."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mailboxes.variants import V2
from tests.export.conftest import HOSTS, TWO_PORTS, mail_host, texts

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = sorted(
    str(path.relative_to(ROOT))
    for folder in ("deploy", "deploy/debian", ".ci")
    for path in (ROOT / folder).iterdir()
    if path.is_file() and path.read_text().startswith("#!")
)
# It follows /etc/os-release, the only file that our scripts source.
SHELLCHECK = ["shellcheck", "--external-sources", "--format=gcc"]
BUNDLES = {**HOSTS, "debian13-v2-proxy": mail_host(V2, TWO_PORTS)}
# Together they have each part of the templates; ShellCheck needs more than a second for each.
CHECKED = ["debian12-v1-mysql", "debian12-v2-sqlite", "debian13-v2-proxy"]


@pytest.fixture(params=[*SCRIPTS, *BUNDLES])
def script(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A script of the project, or `apply` for one of the hosts."""
    name: str = request.param
    if name in SCRIPTS:
        return ROOT / name
    script = tmp_path / "apply"
    script.write_text(texts(BUNDLES[name])["apply"])
    return script


def complaints(*command: str | Path) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout or f"ended with {done.returncode}" * bool(done.returncode)


def test_scripts_are_executable() -> None:
    assert {".ci/run", "deploy/run", "deploy/test"} < set(SCRIPTS)
    assert [name for name in SCRIPTS if not os.access(ROOT / name, os.X_OK)] == []


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_scripts_have_valid_syntax(script: Path, shell: str) -> None:
    assert script.read_text().startswith("#!/bin/sh\n")
    assert complaints(shell, "-n", script) == ""


def test_shellcheck_sees_each_line_that_a_host_may_have() -> None:
    lines = {name: set(texts(host)["apply"].splitlines()) for name, host in BUNDLES.items()}
    unseen = set().union(*lines.values()) - set().union(*(lines[name] for name in CHECKED))
    assert [
        line for line in unseen if not line.startswith(("#", "export=", "packages=", "stale="))
    ] == []


@pytest.mark.parametrize("script", [*SCRIPTS, *CHECKED], indirect=True)
def test_shellcheck_finds_nothing(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        reason = "ShellCheck is not installed; ./deploy/test installs it."
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    assert complaints(*SHELLCHECK, script) == ""
