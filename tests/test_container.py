"""The container's files agree with each other and with docs/container.md."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text()
DOCUMENT = (ROOT / "docs/container.md").read_text()


def test_each_secret_is_a_file_that_the_document_makes() -> None:
    files = {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert files == {f"./secrets/{name}" for name in COMPOSE["secrets"]}
    for service in COMPOSE["services"].values():
        used = set(re.findall(r"/run/secrets/(\w+)", str(service["environment"])))
        assert used == set(service["secrets"])
    for name in COMPOSE["secrets"]:
        assert f" secrets/{name}" in DOCUMENT or f">secrets/{name}" in DOCUMENT


def test_what_is_copied_and_mounted_exists() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", CONTAINERFILE, re.MULTILINE)
    mounted = [one for one in COMPOSE["services"]["database"]["volumes"] if one.startswith("./")]
    assert copied and mounted
    for path in (*copied, *(f"deploy/{one.split(':')[0]}" for one in mounted)):
        assert (ROOT / path).exists(), path


def test_settings_and_data_are_not_sent_to_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env*", "var", ".git", ".venv"} <= set(ignored)
    assert "deploy/secrets" in ignored


def test_the_panel_runs_without_privileges() -> None:
    assert CONTAINERFILE.index("\nUSER mailadmin\n") < CONTAINERFILE.index("\nENTRYPOINT ")
    panel = COMPOSE["services"]["panel"]
    assert panel["read_only"] and panel["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in panel["ports"])
