"""Who holds a file, whatever its path is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mailboxes.doctor.paths import holder


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_the_process_that_locks_a_database_is_named_also_by_another_path(
    tmp_path: Path, mode: str
) -> None:
    path, link = tmp_path / "mail.sqlite3", tmp_path / "link.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as locking:
        locking.execute(f"PRAGMA journal_mode = {mode}")
        locking.execute("CREATE TABLE alias (address)")
        link.symlink_to(path)
        assert holder(str(link)) is None
        locking.execute("BEGIN IMMEDIATE")
        assert holder(str(path)) == (own := holder(str(link)))
        assert own and Path(f"/proc/{own[0]}").samefile("/proc/self")
    assert holder(str(path)) is None
