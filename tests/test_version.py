"""The panel's version is written in one place, and shown to administrators and in a terminal."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from django.test import Client

ROOT = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def printed(*arguments: str, **env: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_print_the_version_even_with_invalid_settings() -> None:
    assert printed("--version", SECRET_KEY="").startswith(f"mailadmin {VERSION}, Django 5.")
    assert printed("backup", "--version") == f"mailadmin {VERSION}\n"


def test_the_foot_of_pages_shows_it_to_administrators_only(rita: Client) -> None:
    assert f">mailadmin {VERSION}</footer>" in rita.get("/admin/").content.decode()
    assert VERSION not in Client().get("/admin/login/").content.decode()


def test_the_changelog_names_the_version() -> None:
    titles = re.findall(r"^## (\S+)(?: \((\d{4}-\d\d-\d\d)\))?$", changelog(), re.MULTILINE)
    assert titles[0] == ("Unreleased", "")
    assert all(date for _, date in titles[1:])
    released = [number for number, _ in titles[1:]]
    assert not released or VERSION.startswith(released[0])


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text()
