import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mailboxes.models import Alias, Domain, Mailbox
from tests.conftest import PASSWORD

ROOT = Path(__file__).resolve().parent.parent


def manage(*arguments: str, folder: Path, stdin: str = "", **env: str) -> Any:
    """Run manage.py in a process of its own on SQLite files in the folder."""
    databases = {
        "DATABASE_URL": f"sqlite:///{folder}/panel.sqlite3",
        "MAIL_DATABASE_URL": f"sqlite:///{folder}/mail.sqlite3",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | databases | env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a mail database in it that holds example.org."""
    folder = tmp_path_factory.mktemp("databases")
    assert manage("migrate", "--database", "mail", folder=folder).returncode == 0
    assert (
        manage("createdomain", "example.org", "--maxquota", "100M", folder=folder).returncode == 0
    )
    return folder


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["createdomain", "localhost"], "“localhost” is not a domain name"),
        (["createdomain", "example.org"], "The domain example.org already exists."),
        (["createdomain"], "The following arguments are required: NAME"),
        (["createmailbox", "a@b@c"], "“a@b@c” is not an email address"),
        (["createmailbox", "anna@example.com"], "The domain example.com doesn't exist here"),
        (["createmailbox", "x" * 65 + "@example.org"], "is too long"),
        (["createmailbox", "anna@example.org", "--quota", "many"], "“many” is not a size"),
        (["createmailbox", "anna@example.org", "--quota", "1G"], "at most 100.6 MiB"),
        (["createmailbox", "anna@example.org", "--quota", "1M"], "There is no terminal"),
        (["createmailbox", "a@example.org", "--generate", "--password-stdin"], "not allowed with"),
        (["createmailbox", "a@example.org", "--password", "x"], "nrecognized arguments"),
        (["exportconfig", "--output", "."], "not an empty folder"),
        (["exportconfig", "--output", "new", "--variant", "v1"], "SQLite"),
        (["exportconfig", "--output", "new", "--variant", "v3"], "nvalid choice: 'v3'"),
    ],
)
def test_what_cannot_be_done_ends_with_status_1_and_a_sentence(
    folder: Path, arguments: list[str], sentence: str
) -> None:
    done = manage(*arguments, folder=folder)
    assert done.returncode == 1 and done.stdout == ""
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2
    assert not (ROOT / "new").exists()


@pytest.mark.parametrize(
    ("stdin", "sentence"),
    [
        ("", "empty"),
        ("\n", "empty"),
        ("too weak\n", "too short"),
        ("two lines of\na password\n", "control"),
        ("a carriage return\r\n", "control"),
    ],
)
def test_a_bad_password_on_standard_input_is_refused(
    folder: Path, stdin: str, sentence: str
) -> None:
    arguments = ("createmailbox", "bad@example.org", "--quota", "1M", "--password-stdin")
    done = manage(*arguments, folder=folder, stdin=stdin)
    assert done.returncode == 1 and sentence in done.stderr
    with closing(sqlite3.connect(folder / "mail.sqlite3")) as tables:
        for row in ("mailbox WHERE username", "alias WHERE address"):
            found = tables.execute(f"SELECT COUNT(*) FROM {row} = 'bad@example.org'")
            assert found.fetchone() == (0,)


def test_only_the_final_newline_of_the_password_is_cut(folder: Path) -> None:
    arguments = ("createmailbox", "blanks@example.org", "--quota", "1M", "--password-stdin")
    assert manage(*arguments, folder=folder, stdin=f" {PASSWORD} \n").returncode == 0
    check = "from mailboxes.actions import authenticate as f; print([f('blanks@example.org', p)"
    check += f" is not None for p in (' {PASSWORD} ', '{PASSWORD}')])"
    assert "[True, False]" in manage("shell", "-v0", "-c", check, folder=folder).stdout


def test_a_generated_password_is_printed_once_and_works(domain: Domain) -> None:
    out = StringIO()
    call_command("createmailbox", "anna@example.org", "--generate", "--name", "Anna", stdout=out)
    password = out.getvalue().split()[-1]
    assert Mailbox.objects.get().check_password(password)
    assert Alias.objects.get().goto == "anna@example.org"


def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = manage("createdomain", "example.org", folder=tmp_path / "missing")
    assert done.returncode == 1
    assert "The mail database can't be used, and nothing was written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mysql_server_that_is_down_is_said_without_its_password(tmp_path: Path) -> None:
    env = {
        "MAIL_DATABASE_URL": "mysql://panel:geheim@127.0.0.1:9/mail",
        "MAIL_LOOKUP_PASSWORD": "a",
        "MAIL_AUTH_PASSWORD": "b",
    }
    done = manage("createdomain", "example.org", folder=tmp_path, **env)
    assert done.returncode == 1 and "nothing was written" in done.stderr
    assert "geheim" not in done.stderr and "Traceback" not in done.stderr


def test_the_first_administrator_is_made_once(tables: None) -> None:
    first, second = StringIO(), StringIO()
    call_command("firstadmin", stdout=first)
    call_command("firstadmin", stdout=second)
    assert "admin" in first.getvalue() and second.getvalue() == ""


def test_the_demo_is_made_once(tables: None) -> None:
    for _ in range(2):
        call_command("createdemo", stdout=StringIO())
    assert Domain.objects.count() == 3 and Mailbox.objects.count() == 18


def test_a_comparison_is_printed_and_with_a_folder_written_too(
    mail_file: None, tmp_path: Path
) -> None:
    out = StringIO()
    call_command("exportconfig", "--compare", "debian12", stdout=out)
    assert "99-mailadmin.conf (changed)" in out.getvalue()
    assert not list(tmp_path.iterdir())
    both = ("--compare", "debian12", "--output", tmp_path / "new", "--scheme", "ARGON2ID")
    out = StringIO()
    call_command("exportconfig", *both, stdout=out)
    assert out.getvalue().startswith("From V2, Debian 12 (bookworm), CRAM-MD5 to V2,")
    assert "\nWrote " in out.getvalue() and (tmp_path / "new" / "README").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], r"Either --output DIR or --compare OLD is required\."),
        (
            ["--compare", "debian11"],
            r"“debian11” doesn't describe a host\. Use a variant \(v1, v2\)",
        ),
        (["--compare", ""], "“” doesn't describe a host"),
        (["--compare", "v1/debian12"], "pam_mysql can't read SQLite"),
        (["--compare", "debian12", "--variant", "v1"], "pam_mysql can't read SQLite"),
        (
            ["--output", "new", "--scheme", "MD5"],
            r"v2 doesn't support the scheme MD5\. Use one of: CRAM-MD5",
        ),
    ],
)
def test_what_cannot_be_compared_is_said_and_nothing_else(
    mail_file: None, arguments: list[str], sentence: str
) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match=sentence):
        call_command("exportconfig", *arguments, stdout=out)
    assert out.getvalue() == ""


def test_who_reads_only_the_start_of_a_comparison_sees_no_traceback(folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "manage.py", "exportconfig", "--compare", "debian12"],
        cwd=ROOT,
        env=os.environ | {"MAIL_DATABASE_URL": f"sqlite:///{folder}/mail.sqlite3"},
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_export_writes_a_new_folder_only_its_owner_can_read(
    mail_file: None, tmp_path: Path
) -> None:
    call_command("exportconfig", "--output", tmp_path / "new", stdout=StringIO())
    assert (tmp_path / "new" / "README").is_file()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    with pytest.raises(CommandError, match="not an empty folder"):
        call_command("exportconfig", "--output", tmp_path / "new", stdout=StringIO())
