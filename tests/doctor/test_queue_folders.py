"""Which of Postfix's folders its programs couldn't use."""

import os
import subprocess
from pathlib import Path

import pytest

from mailboxes.doctor import queue_folders
from mailboxes.doctor.queue_folders import ADD_FILES, is_foreign, names_files


@pytest.mark.parametrize(
    ("name", "mode", "user", "group", "expected"),
    [
        ("private", 0o700, 0, 0, False),
        ("private", 0o700, 1, 0, True),
        ("private", 0o700, 0, 1, False),  # only its owner uses it
        ("public", 0o710, 0, 0, False),
        ("public", 0o710, 0, 1, True),
        ("public", 0o700, 0, 0, True),
        ("gone", 0, 0, 0, False),
    ],
)
def test_the_owner_counts_and_for_some_the_group(
    tmp_path: Path, name: str, mode: int, user: int, group: int, expected: bool
) -> None:
    folder = tmp_path / name
    if mode:
        folder.mkdir()
        folder.chmod(mode)
    assert is_foreign(folder, os.geteuid() + user, os.getegid() + group) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("passwd: files systemd\n", True), ("passwd: ldap\ngroup: files\n", False), ("", True)],
)
def test_the_source_of_users_is_looked_for(tmp_path: Path, text: str, expected: bool) -> None:
    path = tmp_path / "nsswitch.conf"
    path.write_text(text)
    assert names_files(path) == expected
    assert names_files(tmp_path / "gone")


def test_the_source_of_users_is_added_to_others(tmp_path: Path) -> None:
    path = tmp_path / "nsswitch.conf"
    path.write_text("passwd: ldap systemd\ngroup:  files ldap\nhosts: dns\n")
    subprocess.run(["sed", "-i", "-E", ADD_FILES, path], check=True)
    assert path.read_text() == "passwd: files ldap systemd\ngroup:  files ldap\nhosts: dns\n"
    assert names_files(path)


def test_a_device_that_only_root_may_use_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "null"
    monkeypatch.setattr(queue_folders, "DEVICES", (path,))
    assert list(queue_folders.devices()) == []  # it isn't there
    path.touch(0o600)
    (found,) = queue_folders.devices()
    assert (found.code, found.state) == ("maps.devices", "broken")
    subprocess.run(["sh", "-c", found.remedy.command.partition(" && ")[0]], check=True)
    assert list(queue_folders.devices()) == []
