"""Files as they are installed against files as they are exported, and what isn't said of them."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailboxes.deployment.states import State
from mailboxes.doctor import drift
from mailboxes.doctor.access import is_there
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.installed_files import (
    Differences,
    bounded,
    by_place,
    compare,
    examine,
    group,
    user,
)
from mailboxes.export.bundle import File
from mailboxes.export.outdated import Outdated


def differences(
    path: Path, text: str, *, secret: bool = False, is_older: bool = False
) -> Differences:
    """Compare a file with one that would be exported with this text, its owner and mode 0640."""
    found = Differences()
    own = user(os.geteuid()), group(os.getegid())
    compare(str(path), File("etc/x", *own, 0o640, secret, text), found, is_older)
    return found


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    path = tmp_path / "installed"
    path.write_text("user = a\npassword = hidden from everybody\n")
    path.chmod(0o640)
    return path


def test_a_file_as_exported_is_not_named(installed: Path) -> None:
    assert differences(installed, installed.read_text()) == Differences()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert differences(tmp_path / "gone", "").missing == [str(tmp_path / "gone")]


def test_another_text_is_shown_as_a_difference(installed: Path) -> None:
    installed.write_text("user = a\nhosts = here\n")
    found = differences(installed, "user = b\nhosts = here\n")
    assert found.edited[3:] == ["-user = a", "+user = b", " hosts = here"]


def test_a_password_is_not_shown_though_the_exported_file_has_none(installed: Path) -> None:
    (line,) = differences(installed, "user = a\n").edited
    assert str(installed) in line and "hidden" not in line


def test_nothing_of_a_file_with_a_password_is_shown(installed: Path) -> None:
    (line,) = differences(installed, "password = another\n", secret=True).edited
    assert str(installed) in line and "hidden" not in line and "another" not in line


@pytest.mark.parametrize(("is_in_order", "state"), [(True, "warning"), (False, "broken")])
def test_an_edit_is_a_fault_only_if_something_does_not_work(is_in_order: bool, state: str) -> None:
    file = File("etc/passwd", "root", "root", 0o644, True, "other\n")
    found = examine([file], False, set(), is_in_order=is_in_order)
    assert [(each.code, each.state) for each in found] == [("drift.edited", state)]


def test_what_has_changed_since_the_export_is_not_called_edited(installed: Path) -> None:
    assert differences(installed, "", is_older=True) == Differences()


def test_another_mode_is_named(installed: Path) -> None:
    installed.chmod(0o644)
    (line,) = differences(installed, installed.read_text()).rights
    assert " 0644 instead of " in line and line.endswith(" 0640")


def test_a_long_difference_is_cut_and_that_is_said() -> None:
    lines = bounded(["x" * 1000] * 100).splitlines()
    assert (len(lines), len(lines[0]), lines[-1]) == (61, 200, "… and 40 more lines")


def test_beside_other_users_dovecot_has_other_files() -> None:
    path = "etc/dovecot/conf.d/99-mailadmin.conf"
    plain, kept = (File(name, "root", "root", 0o644, False, "") for name in (path, f"keep/{path}"))
    assert by_place([plain, kept], kept_dovecot=False) == {f"/{path}": plain}
    assert by_place([plain, kept], kept_dovecot=True) == {f"/{path}": kept}


def test_files_of_another_machine_are_not_compared(examination: Examination) -> None:
    (finding,) = drift.examine(examination)
    assert finding.state == State.NOT_CHECKED


def test_a_folder_that_may_not_be_entered_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 300}"  # refused with an error of its own, to root as well
    assert not is_there(path) and not drift.is_ours(path)
    assert differences(path, "").unreadable == [str(path)]


@pytest.mark.parametrize("exported", [None, datetime(2026, 11, 1, tzinfo=UTC)])
def test_an_older_export_is_a_warning_with_what_has_changed(exported: datetime | None) -> None:
    older = Outdated(datetime(2026, 11, 2, tzinfo=UTC), exported, ["postfix/main.cf"])
    (finding,) = drift.export_findings(older)
    assert (finding.state, finding.detail) == (State.WARNING, "postfix/main.cf")
    assert not list(drift.export_findings(None))
