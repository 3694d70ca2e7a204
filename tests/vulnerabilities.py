"""Known vulnerabilities of the pinned packages, asked from PyPI. Check them with:

    ./deploy/test -n 0 tests/vulnerabilities.py

It is skipped, with the reason, where PyPI can't be reached or has no data. It is not one of the
usual tests, which must give the same result tomorrow.
"""

import json
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PIP_AUDIT = "pip-audit==2.10.1"
# The file contains every package, so nothing has to be downloaded.
AUDIT = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]


def output_or_skip(*command: str | Path) -> str:
    """Return the output of a program; skip the test if there is none."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if not done.stdout:
        reason = (done.stderr.strip().splitlines() or [f"It ended with {done.returncode}."])[-1]
        pytest.skip(f"{PIP_AUDIT} doesn't work here: {reason}")
    return done.stdout


def test_no_requirement_has_a_known_vulnerability(tmp_path: Path) -> None:
    venv.create(tmp_path, with_pip=True)
    output_or_skip(tmp_path / "bin/pip", "install", "--no-input", PIP_AUDIT)
    requirements = ("--requirement", ROOT / "requirements.txt")
    audit = output_or_skip(tmp_path / "bin/pip-audit", *AUDIT, *requirements)
    packages = json.loads(audit)["dependencies"]
    assert packages
    vulnerable = {
        f"{package['name']} {package['version']}: {found['id']}, fixed in {found['fix_versions']}"
        for package in packages
        for found in package.get("vulns", [])
    }
    assert not vulnerable
    # Without data, pip-audit itself says "No known vulnerabilities found".
    if unknown := [package["name"] for package in packages if "skip_reason" in package]:
        pytest.skip(f"PyPI has no data about {', '.join(unknown)}.")
