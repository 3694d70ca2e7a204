"""A disk that takes no mail: full, or only to be read."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.conf import mail_host
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


def test_a_disk_that_is_mounted_below_the_mail_is_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, below = tmp_path / "vmail", tmp_path / "vmail/a b.test"
    below.mkdir(parents=True)
    mounts = tmp_path / "mounts"
    escaped = str(below).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\ntmpfs {escaped} tmpfs rw 0 0\n")
    monkeypatch.setattr(disks, "MOUNTS", mounts)
    no_inodes = os.statvfs_result((4096, 4096, 9, 9, 9, 9, 0, 0, 0, 255))
    sound = os.statvfs_result((4096, 4096, 9, 9, 9, 9, 9, 9, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: no_inodes if path == str(below) else sound)
    host = replace(mail_host("v1", "debian13"), home=str(home))
    assert list(disks.mail_remedies(host)) == [str(below)]
    assert f"df -i '{below}'" in disks.mail_remedies(host)[str(below)].command
    assert disks.mail_remedies(replace(host, home=str(tmp_path / "other"))) == {}


def test_daemons_are_restarted_once_a_disk_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    read_only = os.statvfs_result((4096, 4096, 9, 9, 9, 9, 9, 9, os.ST_RDONLY, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: read_only)
    host = replace(mail_host("v2", "debian13"), home="/srv")
    assert disks.mail_remedies(host)["/srv"].command.endswith(
        " && systemctl restart dovecot postfix"
    )
