"""Which of several saslauthd is ours."""

import pytest

from mailboxes.doctor.saslauthd import FOLDER, uses_folder


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
