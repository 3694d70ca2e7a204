"""Which of several saslauthd is ours, and the group that may use its socket."""

from pathlib import Path

import pytest

from mailboxes.doctor import queue_folders, saslauthd
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.saslauthd import FOLDER, uses_folder
from tests.doctor.conftest import as_root, printing


@pytest.mark.parametrize(
    ("words", "is_ours"),
    [
        (["-a", "pam", "-m", FOLDER], True),
        (["-apam", f"-m{FOLDER}/"], True),
        (["-a", "shadow", "-m", f"{FOLDER}2"], False),
        (["-a", "shadow"], False),
    ],
)
def test_only_the_one_with_our_folder_is_judged(words: list[str], is_ours: bool) -> None:
    assert uses_folder(["/usr/sbin/saslauthd", *words]) == is_ours


def test_a_group_that_is_gone_is_created_unless_no_group_is_looked_up(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saslauthd, "GROUP", "gone-from-here")
    monkeypatch.setattr(queue_folders, "NSSWITCH", tmp_path / "nsswitch.conf")
    here = as_root(examination, printing(""))
    (found,) = saslauthd.examine(here)
    assert found.code == "saslauthd.group"
    assert found.remedy.command.startswith("addgroup --system gone-from-here && adduser postfix")
    tmp_path.joinpath("nsswitch.conf").write_text("group: ldap\n")
    (found,) = saslauthd.examine(here)
    assert found.remedy.command.startswith("sed -i -E")
