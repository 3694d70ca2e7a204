"""The settings, read with an environment of their own, and what manage.py says of them."""

import ast
import os
import re
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

ROOT = Path(__file__).resolve().parent.parent
SECRET = "geheim-geheim"
READERS = {"text", "flag", "positive_number", "items", "database", "url_path"}
MYSQL = f"mysql://panel:{SECRET}@127.0.0.1:3306/mail"
ENOUGH = {
    "PATH": os.environ["PATH"],
    "ENV_FILE": "/dev/null",
    "SECRET_KEY": SECRET,
    "MAIL_HOSTNAME": "mail.example.test",
}
ON_MYSQL = {
    "MAIL_DATABASE_URL": MYSQL,
    "MAIL_LOOKUP_PASSWORD": SECRET,
    "MAIL_AUTH_PASSWORD": SECRET,
}
# The variable that the error must name, and what is set on top of a valid environment.
WRONG: list[tuple[str, dict[str, str]]] = [
    ("SECRET_KEY", {"SECRET_KEY": ""}),
    ("DEBUG", {"DEBUG": "maybe"}),
    ("BEHIND_PROXY", {"BEHIND_PROXY": "nginx"}),
    ("BASE_PATH", {"BASE_PATH": "mailadmin"}),
    ("BASE_PATH", {"BASE_PATH": "/../x"}),
    ("CSRF_TRUSTED_ORIGINS", {"CSRF_TRUSTED_ORIGINS": "panel.example.org"}),
    ("DATABASE_URL", {"DATABASE_URL": "nonsense"}),
    ("DATABASE_URL", {"DATABASE_URL": f"postgres://panel:{SECRET}@127.0.0.1/panel"}),
    ("MAIL_DATABASE_URL", {"MAIL_DATABASE_URL": f"mysql://u:{SECRET}@h:port/x"}),
    ("MAIL_DATABASE_URL", {"MAIL_DATABASE_URL": f"mysql://u:{SECRET}@h:3306"}),
    ("MAIL_VARIANT", {"MAIL_VARIANT": "v3"}),
    ("MAIL_RELEASE", {"MAIL_RELEASE": "debian99"}),
    ("MAIL_PASSWORD_SCHEME", {"MAIL_PASSWORD_SCHEME": "ROT13"}),
    ("MAIL_HOSTNAME", {"MAIL_HOSTNAME": ""}),
    ("MAIL_LOOKUP_PASSWORD", {**ON_MYSQL, "MAIL_LOOKUP_PASSWORD": ""}),
    ("MAIL_AUTH_PASSWORD", {**ON_MYSQL, "MAIL_AUTH_PASSWORD": ""}),
    ("MAIL_HOME", {"MAIL_HOME": "relative"}),
    ("MAIL_UID", {"MAIL_UID": "abc"}),
    ("MAIL_GID", {"MAIL_GID": "50.0"}),
    ("QUOTA_MULTIPLIER", {"QUOTA_MULTIPLIER": "-1"}),
    ("STATIC_ROOT", {"STATIC_ROOT": "."}),
    ("STATIC_ROOT", {"STATIC_ROOT": "/"}),
    ("DATABASE_URL", {"DATABASE_URL": "mysql://u:p@h/x?foo=1"}),
    ("QUOTA_MULTIPLIER", {"QUOTA_MULTIPLIER": "0"}),
    ("SECOND_FACTOR_REQUIRED", {"SECOND_FACTOR_REQUIRED": "superuser, root"}),
    ("EMAIL_URL", {"EMAIL_URL": f"smtp://mailer:{SECRET}@mail.example.net:x"}),
]


def read(**changes: str) -> dict[str, Any]:
    """Return the settings that the panel has with this environment."""
    with patch.dict(os.environ, ENOUGH | changes, clear=True):
        found = runpy.run_path(str(ROOT / "mailadmin/settings.py"))
    return {name: value for name, value in found.items() if name.isupper()}


def complaint(settings: Settings, **changes: str) -> str:
    """Return what the settings or the checks have against this environment."""
    try:
        found = read(**changes)
    except ImproperlyConfigured as error:
        return str(error)
    for name, value in found.items():
        if name.startswith(("MAIL_", "CSRF_")):
            setattr(settings, name, value)
    return "\n".join(message.msg for message in run_checks())


def manage(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=ENOUGH | changes,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.filterwarnings("ignore:Engine not recognized from url")
@pytest.mark.parametrize(
    ("name", "changes"),
    [pytest.param(name, changes, id=f"{name}-{n}") for n, (name, changes) in enumerate(WRONG)],
)
def test_an_invalid_setting_is_named_in_a_sentence(
    settings: Settings, name: str, changes: dict[str, str]
) -> None:
    said = complaint(settings, **changes)
    lines = [line for line in said.splitlines() if re.search(rf"\b{name}\b", line)]
    assert lines and lines[0].endswith(".") and SECRET not in said, said


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("DATABASE_URL", {"DATABASE_URL": f"postgres://panel:{SECRET}@127.0.0.1/panel"}),
        ("MAIL_DB_HOSTS", {**ON_MYSQL, "MAIL_DB_HOSTS": "[::1"}),
    ],
    ids=["settings", "checks"],
)
def test_an_invalid_setting_stops_the_start_with_a_sentence(
    name: str, changes: dict[str, str]
) -> None:
    done = manage("check", **changes)
    assert done.returncode == 1 and done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if re.search(rf"\b{name}\b", line)]
    assert lines and lines[0].rstrip(")").endswith("."), done.stderr
    assert "Traceback" not in done.stderr and SECRET not in done.stderr


def test_the_doctor_ends_with_another_status_than_for_a_broken_host() -> None:
    assert manage("doctor", QUOTA_MULTIPLIER="-1").returncode == 2
    without_django = [sys.executable, "-S", "manage.py"]
    for command, status in (("doctor", 2), ("check", 1)):
        done = subprocess.run([*without_django, command], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == status and "No module named 'django'" in done.stderr


def test_the_minimal_environment_is_enough() -> None:
    done = manage("check")
    assert done.returncode == 0, done.stderr


def test_the_deployment_check_is_silent_behind_the_proxy() -> None:
    strict = ("check", "--deploy", "--fail-level", "WARNING")
    production = {"BEHIND_PROXY": "true", "SECRET_KEY": "".join(map(chr, range(48, 100)))}
    done = manage(*strict, **production)
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == "System check identified no issues (2 silenced).\n"
    assert "security.W004" in manage(*strict, **production | {"BEHIND_PROXY": "false"}).stderr


def own_values(text: str) -> str:
    """Return the example with what each host has to set."""
    text = text.replace("SECRET_KEY=\n", f"SECRET_KEY={SECRET}\n")
    return text.replace("=mail.example.com\n", "=mail.example.test\n")


def test_env_example_has_the_defaults_of_the_settings(tmp_path: Path) -> None:
    example = (ROOT / "deploy/env.example").read_text()
    everything = re.sub(r"^#([A-Z0-9_]+=)", r"\1", example, flags=re.MULTILINE)
    file = tmp_path / "env"
    file.write_text(own_values(everything))
    assert read(ENV_FILE=str(file)) == read()


def test_values_are_not_interpolated(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("MAIL_LOOKUP_PASSWORD=$PATH\nMAIL_AUTH_PASSWORD=${HOME} a#b;c'd\n")
    found = read(ENV_FILE=str(file))
    assert found["MAIL_LOOKUP_PASSWORD"] == "$PATH"
    assert found["MAIL_AUTH_PASSWORD"] == "${HOME} a#b;c'd"


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("MAIL_VARIANT=v3\nMAIL_HOME=relative\n")
    found = read(ENV_FILE=str(file), MAIL_VARIANT="v2")
    assert (found["MAIL_VARIANT"], found["MAIL_HOME"]) == ("v2", "relative")


def test_env_example_lists_exactly_the_variables_that_are_read() -> None:
    calls = [
        node
        for node in ast.walk(ast.parse((ROOT / "mailadmin/settings.py").read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in READERS
    ]
    read = {
        node.args[0].value
        for node in calls
        if isinstance(node.args[0], ast.Constant)  # not the calls in the readers themselves
    }
    lines = (ROOT / "deploy/env.example").read_text().splitlines()
    listed = [found[1] for line in lines if (found := re.match(r"#?([A-Z0-9_]+)=", line))]
    assert len(listed) == len(set(listed)) and set(listed) == read


def test_every_variable_of_env_example_has_a_comment() -> None:
    lines = (ROOT / "deploy/env.example").read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"#?[A-Z0-9_]+=", line):
            assert re.match(r"# \S", before), f"{line} has no comment above it"


@pytest.mark.parametrize(
    ("variable", "address", "name"),
    [
        ("DATABASE_URL", "sqlite:///var/other.sqlite3", str(ROOT / "var/other.sqlite3")),
        ("DATABASE_URL", "sqlite:////srv/panel.sqlite3", "/srv/panel.sqlite3"),
        ("MAIL_DATABASE_URL", "mysql://u:a%23b%2Fc@localhost/mail", "mail"),
    ],
)
def test_a_database_url_is_parsed(variable: str, address: str, name: str) -> None:
    passwords = {"MAIL_LOOKUP_PASSWORD": "a", "MAIL_AUTH_PASSWORD": "b"}
    alias = "mail" if variable.startswith("MAIL") else "default"
    assert read(**passwords, **{variable: address})["DATABASES"][alias]["NAME"] == name


def test_an_invalid_line_of_the_file_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("SECRET_KEY=x\n\n# a comment\nMAIL_HOSTNAME = mail.example.test\n")
    with pytest.raises(ImproperlyConfigured, match=f"^Line 4 of {file} is neither"):
        read(ENV_FILE=str(file))
