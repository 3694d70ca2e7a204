from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from mailboxes.models import Domain, Mailbox
from tests.management.conftest import ROOT, manage


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["createdomain", "localhost"], "“localhost” is not a valid domain name"),
        (["createdomain", "example.org"], "The domain example.org already exists."),
        (["createdomain"], "The following arguments are required: NAME"),
        (["createmailbox", "a@b@c"], "“a@b@c” is not a valid email address"),
        (["createmailbox", "anna@example.com"], "The domain example.com doesn't exist here"),
        (["createmailbox", "x" * 65 + "@example.org"], "is too long"),
        (["createmailbox", "anna@example.org", "--quota", "many"], "“many” is not a valid size"),
        (["createmailbox", "anna@example.org", "--quota", "1G"], "at most 100.6 MiB"),
        (["createmailbox", "anna@example.org", "--quota", "1M"], "There is no terminal"),
        (["createmailbox", "a@example.org", "--generate", "--password-stdin"], "not allowed with"),
        (["createmailbox", "a@example.org", "--password", "x"], "nrecognized arguments"),
        (["exportconfig", "--output", "."], "not an empty folder"),
        (["exportconfig", "--output", "new", "--variant", "v1"], "SQLite"),
        (["exportconfig", "--output", "new", "--variant", "v3"], "nvalid choice: 'v3'"),
    ],
)
def test_errors_exit_with_status_1_and_a_sentence(
    folder: Path, arguments: list[str], sentence: str
) -> None:
    done = manage(*arguments, folder=folder)
    assert done.returncode == 1 and done.stdout == ""
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert not (ROOT / "new").exists()


def test_a_missing_database_is_reported(tmp_path: Path) -> None:
    done = manage("createdomain", "example.org", folder=tmp_path / "missing")
    assert done.returncode == 1
    assert "The database can't be used, and nothing was written" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_mysql_server_is_reported_without_the_password(tmp_path: Path) -> None:
    env = {
        "MAIL_DATABASE_URL": "mysql://panel:geheim@127.0.0.1:9/mail",
        "MAIL_LOOKUP_PASSWORD": "a",
        "MAIL_AUTH_PASSWORD": "b",
    }
    done = manage("createdomain", "example.org", folder=tmp_path, **env)
    assert done.returncode == 1 and "nothing was written" in done.stderr
    assert "geheim" not in done.stderr and "Traceback" not in done.stderr


def test_the_demo_is_created_once(tables: None) -> None:
    for _ in range(2):
        call_command("createdemo", stdout=StringIO())
    assert Domain.objects.count() == 3 and Mailbox.objects.count() == 18
