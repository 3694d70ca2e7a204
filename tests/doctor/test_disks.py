"""A disk that takes no mail: full, or only to be read."""

import os
from pathlib import Path

import pytest

from mailboxes.doctor import disks


@pytest.mark.parametrize(
    ("free", "files", "flag", "command"),
    [
        (1, 1, 0, None),
        (0, 1, 0, "df -h "),
        (1, 0, 0, "df -h "),
        (0, 0, os.ST_RDONLY, "mount -o remount,rw "),
    ],
)
def test_the_command_is_for_what_the_disk_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, files: int, flag: int, command: str
) -> None:
    disk = os.statvfs_result((4096, 4096, 9, free, free, 9, files, files, flag, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: disk)
    found = disks.remedy(str(tmp_path))
    assert found.command.startswith(command) if found else command is None


def test_a_folder_that_is_gone_is_no_matter_of_the_disk(tmp_path: Path) -> None:
    assert disks.remedy(str(tmp_path / "gone")) is None
