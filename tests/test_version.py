"""The panel's version is written in one place, and shown to administrators and in a terminal."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from django.test import Client
from packaging.version import Version

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


def test_the_changelog_has_each_version_with_its_date_and_the_next_one_is_newer() -> None:
    titles = re.findall(r"^## (.+)$", changelog(), re.MULTILINE)
    assert titles[0] == "Unreleased"
    found = [re.fullmatch(r"([0-9.]+) \(\d{4}-\d\d-\d\d\)", title) for title in titles[1:]]
    numbers = [Version(one[1]) for one in found if one]
    assert len(numbers) == len(titles) - 1
    assert [Version(VERSION), *numbers] == sorted([Version(VERSION), *numbers], reverse=True)


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text()
