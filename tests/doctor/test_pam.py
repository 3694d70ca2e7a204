"""What is wrong with PAM's service file, from what PAM answers."""

from pathlib import Path

import pytest

from mailboxes.doctor import pam
from mailboxes.doctor.examination import Examination

UNKNOWN = (pam.USER_UNKNOWN, pam.USER_UNKNOWN)
OURS = "auth required pam_mysql.so user=mail_auth passwd=geheim\n"


@pytest.fixture
def service_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of /etc/pam.d/smtp."""
    monkeypatch.setattr(pam, "SERVICE_FILE", tmp_path / "smtp")
    return pam.SERVICE_FILE


@pytest.mark.parametrize(
    ("first", "named"),
    [
        ("", "names another table, column or condition"),
        ("# auth required pam_unix.so\n", "names another table, column or condition"),
        ("auth requisite pam_unix.so\n", "module as well: auth requisite pam_unix.so"),
        ("-auth\trequisite pam_x.so\n", "module as well: -auth requisite pam_x.so"),
        ("@include common-auth\n", "module as well: @include common-auth"),
    ],
)
def test_another_module_that_is_asked_first_is_named(
    examination: Examination, service_file: Path, first: str, named: str
) -> None:
    service_file.write_text(first + OURS)
    found = pam.known_finding(examination, UNKNOWN, UNKNOWN, UNKNOWN)
    assert found.code == "pam.user" and named in found.seen and "geheim" not in found.seen


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ("auth required pam_access.so\n", "no account line that works"),
        ("account required pam_access.so\n", "module as well: account required pam_access.so"),
    ],
)
def test_another_module_that_refuses_the_account_is_named(
    examination: Examination, service_file: Path, lines: str, named: str
) -> None:
    service_file.write_text(lines + OURS)
    found = pam.known_finding(examination, (pam.SUCCESS, pam.AUTH_ERR), UNKNOWN, UNKNOWN)
    assert found.code == "pam.account" and named in found.seen
