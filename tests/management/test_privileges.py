"""Root is warned of code and settings that others can change."""

import os
from pathlib import Path

import pytest

from mailboxes.management.privileges import changeable, is_changeable


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "expected"),
    [
        (0o644, 0, 0, False),
        (0o664, 0, 0, False),
        (0o640, 0, 999, False),
        (0o600, 999, 0, True),
        (0o664, 0, 999, True),
        (0o646, 0, 0, True),
    ],
)
def test_only_root_may_write(mode: int, uid: int, gid: int, expected: bool) -> None:
    status = os.stat_result((0o100000 | mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))
    assert is_changeable(status) is expected


def test_settings_that_others_can_change_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ENV_FILE", raising=False)
    if os.geteuid() == 0:
        assert changeable(tmp_path) is None
    settings = tmp_path / ".env"
    settings.touch()
    settings.chmod(0o666)
    assert changeable(tmp_path) == (settings if os.geteuid() == 0 else tmp_path)
