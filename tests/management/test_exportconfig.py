"""exportconfig compares hosts without secrets, and writes a private folder."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from mailboxes.export.compatibility import MAX_ADDRESSES
from mailboxes.models import Mailbox
from tests.conftest import STORED, add_mailbox, compare, logged
from tests.hashes import CRAM, MD5
from tests.management.conftest import ROOT


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("exportconfig", "--compare", *arguments, stdout=out)
    return out.getvalue()


def test_a_comparison_lists_everything_except_stored_passwords(
    sample_mailboxes: None, on_mysql: None
) -> None:
    output = printed("v2/debian12", "--variant", "v2", "--release", "debian13")
    first, *rest = output.split("\n\n")
    assert first == "From V2, Debian 12 (bookworm), CRAM-MD5 to V2, Debian 13 (trixie), CRAM-MD5"
    assert "3 of 6 active mailboxes can't sign in." in rest[0]
    assert (
        "\nmd5@example.org: stored as PLAIN-MD5, which Dovecot on Debian 13 (trixie) rejects as "
        "weak\nnope@example.org: stored in a form that is damaged, unsupported or too expensive to "
        "check (on the old host as well)\n"
        "sha@example.org: stored as SHA512-CRYPT, which only supports PLAIN and LOGIN" in output
    )
    assert "\n/etc/dovecot/conf.d/99-mailadmin.conf (changed)\n\n@@" in output
    assert "\n3. Set this in .env and restart the panel:\n     MAIL_RELEASE=debian13\n" in output
    for hidden in (*filter(None, STORED.values()), MD5, CRAM, "geheim", "secret of"):
        assert hidden not in output


def test_a_comparison_names_every_affected_mailbox(tables: None, mail_file: None) -> None:
    for number in range(MAX_ADDRESSES * 2):
        add_mailbox(f"u{number}@example.org", MD5)
    assert printed("debian12").count("@example.org: ") == MAX_ADDRESSES * 2


def test_the_command_shown_on_the_page_prints_the_same_comparison(
    sample_mailboxes: None, on_mysql: None
) -> None:
    shown = compare("v2/debian12/ARGON2ID", "v1/debian13/SHA512-CRYPT")
    assert printed(*shown.command.split("--compare ")[1].split()).startswith(shown.title)


def test_a_comparison_counts_by_domain_whose_passwords_take_the_scheme_at_a_sign_in(
    sample_mailboxes: None, on_mysql: None
) -> None:
    output = printed("v2", "--scheme", "SHA512-CRYPT")
    assert "\nScheme: 4 of 6 active mailboxes are left: their passwords will be stored" in output
    assert "\n  4 in example.org\n" in output


def test_the_list_is_a_private_file_and_in_the_log(
    sample_mailboxes: None, on_mysql: None, tmp_path: Path
) -> None:
    path = tmp_path / "ask.csv"
    printed("v2", "--scheme", "SHA512-CRYPT", "--list", str(path))
    lines = path.read_text().splitlines()
    assert lines[0].endswith("stored_as,can_keep_password,can_sign_in,active,last_sign_in")
    assert [line.partition("@")[0] for line in lines[1:]] == ["cram", "empty", "md5", "nope"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry[1:] for entry in logged()] == [("mailbox.download", str(path))]
    with pytest.raises(CommandError, match="can't be created: File exists"):
        printed("v2", "--list", str(path))


def test_a_comparison_can_be_printed_and_exported_together(mail_file: None, tmp_path: Path) -> None:
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
        (["--output", "new", "--list", "new.csv"], r"--list requires --compare\."),
        (["--compare", ""], "“” doesn't describe a host"),
        (["--compare", "v1/debian12"], "pam_mysql can't read SQLite"),
        (["--compare", "debian12", "--variant", "v1"], "pam_mysql can't read SQLite"),
        (
            ["--output", "new", "--scheme", "MD5"],
            r"v2 doesn't support the scheme MD5\. Use one of: CRAM-MD5",
        ),
    ],
)
def test_invalid_arguments_print_an_error_and_nothing_else(
    mail_file: None, arguments: list[str], sentence: str
) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match=sentence):
        call_command("exportconfig", *arguments, stdout=out)
    assert out.getvalue() == ""


def test_a_closed_pipe_causes_no_traceback(empty_mail: Path) -> None:
    call_command("migrate", "--database", "mail", stdout=StringIO())
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "manage.py", "exportconfig", "--compare", "debian12"],
        cwd=ROOT,
        env=os.environ | {"MAIL_DATABASE_URL": f"sqlite:///{empty_mail}"},
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_export_creates_a_folder_that_only_its_owner_can_read(
    mail_file: None, tmp_path: Path
) -> None:
    call_command("exportconfig", "--output", tmp_path / "new", stdout=StringIO())
    assert (tmp_path / "new" / "README").is_file()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    with pytest.raises(CommandError, match="not an empty folder"):
        call_command("exportconfig", "--output", tmp_path / "new", stdout=StringIO())


def test_nothing_is_exported_if_mail_would_be_out_of_sight(
    mail_file: None, anna: Mailbox, tmp_path: Path, settings: Settings
) -> None:
    settings.MAIL_HOME = str(tmp_path)
    (tmp_path / "anna@example.org" / "cur").mkdir(parents=True)
    with pytest.raises(CommandError, match=f"in {tmp_path}/anna@example.org/cur, but with"):
        call_command("exportconfig", "--output", tmp_path / "new", stdout=StringIO())
    assert not (tmp_path / "new").exists()
    assert printed("debian12").startswith("From V2")


def test_an_export_says_what_it_could_not_check(
    mail_file: None, anna: Mailbox, tmp_path: Path, settings: Settings
) -> None:
    settings.MAIL_HOME = str(tmp_path)
    (tmp_path / "example.org").symlink_to("example.org")
    out = StringIO()
    call_command("exportconfig", "--output", tmp_path / "new", stdout=out)
    wrote, unchecked, named = out.getvalue().splitlines()
    assert wrote.startswith("Wrote ") and "mail.example.test. Names ending in .test" in named
    assert f"can't read {tmp_path}/example.org/anna, so" in unchecked


def test_a_comparison_follows_the_location_of_the_mail(mail_file: None, settings: Settings) -> None:
    settings.MAIL_LOCATION = "maildir:/var/vmail/%u/Maildir:LAYOUT=fs"
    output = printed("debian12", "--release", "debian13")
    assert "\n-mail_location = maildir:~/Maildir:LAYOUT=fs\n" in output
    assert "\n+mail_path = ~/Maildir\n" in output and "\n+mailbox_list_layout = fs\n" in output
