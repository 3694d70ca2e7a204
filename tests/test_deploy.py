"""deploy/ and the requirements as files; stack/test_deploy.py runs them on a machine."""

import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def unit(name: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(ROOT / "deploy" / name)
    return found


@pytest.mark.parametrize("file", ["requirements.txt", "tests/requirements.txt"])
def test_every_requirement_is_pinned_with_a_hash(file: str) -> None:
    text = (ROOT / file).read_text().replace("\\\n", " ")
    packages = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert packages
    for line in packages:
        assert re.match(r"[a-z0-9._-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_the_tests_use_the_same_versions_as_production() -> None:
    def versions(file: str) -> set[str]:
        return set(re.findall(r"^\S+==\S+", (ROOT / file).read_text(), re.MULTILINE))

    assert versions("requirements.txt") <= versions("tests/requirements.txt")


@pytest.mark.parametrize(
    ("arguments", "port", "sentence"),
    [
        (["--dmeo"], "8000", "Unknown option: --dmeo"),
        ([], "80a", "PORT is 80a; it must be a port number"),
        ([], "65536", "PORT is 65536; it must be a port number"),
        ([], "0", "PORT is 0; it must be a port number"),
    ],
)
def test_run_refuses_invalid_arguments(arguments: list[str], port: str, sentence: str) -> None:
    done = subprocess.run(
        [ROOT / "deploy/run", *arguments],
        env=os.environ | {"PORT": port},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(sentence) and done.stderr.count("\n") == 1


def test_run_explains_itself() -> None:
    done = subprocess.run([ROOT / "deploy/run", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "--demo" in done.stdout


@pytest.mark.finding("slowloris")
def test_gunicorn_only_listens_on_localhost() -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py", "--print-config"]
    done = subprocess.run(
        [*command, "mailadmin.wsgi"],
        cwd=ROOT,
        env=os.environ | {"PORT": "8123", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    shown = dict(re.findall(r"^(\w+)\s+= (.*)$", done.stdout, re.MULTILINE))
    assert done.returncode == 0, done.stderr
    assert shown["bind"] == "['127.0.0.1:8123']"
    assert (shown["control_socket_disable"], shown["accesslog"]) == ("True", "None")


@pytest.mark.finding("slowloris")
def test_nginx_and_the_service_use_the_same_socket() -> None:
    path = unit("mailadmin.socket")["Socket"]["ListenStream"]
    site = (ROOT / "deploy/nginx.conf").read_text()
    assert set(re.findall(r"proxy_pass http://unix:(\S+);", site)) == {path}
    assert "mailadmin.socket" in unit("mailadmin.service")["Unit"]["Requires"]
