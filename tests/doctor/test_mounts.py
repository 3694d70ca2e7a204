"""Disks that /etc/fstab names, and that aren't mounted."""

from pathlib import Path

import pytest

from mailboxes.doctor import mail_folder, mounts
from mailboxes.doctor.examination import Examination
from tests.doctor.conftest import as_root, printing


@pytest.mark.parametrize(
    ("line", "is_named"),
    [
        ("UUID=1 /var/vmail ext4 defaults 0 2", True),
        ("UUID=1 /var ext4 defaults 0 2", True),
        ("UUID=1 /var/vmail/example.org ext4 defaults 0 2", True),
        ("UUID=1 /var/spool/postfix ext4", True),
        ("UUID=1 /var/vmail ext4 noauto,ro 0 2", False),
        ("UUID=1 /var/vmails ext4 defaults 0 2", False),
        ("UUID=1 / ext4 defaults 0 1", False),
        ("# UUID=1 /var/vmail ext4 defaults 0 2", False),
        ("UUID=1 none swap sw 0 0", False),
    ],
)
def test_a_disk_for_mail_that_is_not_mounted_is_named(
    examination: Examination,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    is_named: bool,
) -> None:
    fstab, mounted = tmp_path / "fstab", tmp_path / "mounts"
    monkeypatch.setattr(mounts, "FSTAB", fstab)
    monkeypatch.setattr(mounts, "MOUNTS", mounted)
    assert list(mounts.examine(examination.host)) == []  # neither can be read
    fstab.write_text(f"{line}\n")
    mounted.write_text("")
    found = list(mounts.examine(examination.host))
    assert [each.code for each in found] == (["ports.mount"] if is_named else [])
    if is_named:
        assert found[0].remedy.command.startswith(f"mount {line.split()[1]} && systemctl restart")
        here = as_root(examination, printing(""))
        assert (
            mail_folder.open_folder(here) == found[0].remedy
        )  # and not the rights on what is below
    mounted.write_text(line)
    assert list(mounts.examine(examination.host)) == []
