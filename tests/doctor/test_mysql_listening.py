"""Where a database listens, and what lets it listen where it is looked for."""

from pathlib import Path

import pytest

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import mysql_listening
from mailboxes.doctor.examination import Examination

PLACE = DatabaseHost("127.0.0.1")


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["--port=3306", "--bind-address=127.0.0.1"], "printf '[mysqld]"),
        (["--bind-address=127.0.0.1", "--skip-networking"], "grep -rlF -e --skip-networking "),
        (["--bind-address=10.0.0.1"], "grep -rlF -e --bind-address=10.0.0.1 "),
    ],
)
def test_an_option_of_its_command_line_is_removed_there(
    examination: Examination, monkeypatch: pytest.MonkeyPatch, words: list[str], command: str
) -> None:
    running = [(Path("/proc/1"), ["/usr/sbin/mariadbd", *words])]
    monkeypatch.setattr(mysql_listening, "processes", lambda name: running)
    found = mysql_listening.remedy(examination.host, PLACE)
    assert found.command.startswith(command)
    assert found.command.endswith("systemctl restart dovecot postfix")


def test_only_a_database_of_this_machine_can_be_asked() -> None:
    assert mysql_listening.find(DatabaseHost("db.example.org")) is None
    assert "skip_networking" in str(mysql_listening.Listening(True, "*", 3306))
    assert "10.0.0.1, port 3307" in str(mysql_listening.Listening(False, "10.0.0.1", 3307))
