"""What a row is called in the report."""

import pytest

from mailboxes.inspection.folders import folder_form
from mailboxes.inspection.rows import MAX_FORMS, password_form, read_rows, target_problem
from tests.conftest import add_mailbox
from tests.hashes import CRAM, MD5, SHA512_CRYPT


@pytest.mark.parametrize(
    ("maildir", "form"),
    [
        ("example.org/anna/", "domain/user/"),
        ("Example.org/Anna/", "domain/user/"),
        ("anna@example.org/", "user@domain/"),
        ("example.org/anna@example.org/", "domain/user@domain/"),
        ("example.org/a/anna/", "%d/%1n/%n/"),
        ("/srv/Mail/example.org/anna/", "/srv/Mail/%d/%n/"),
        ("example.org/anna/Maildir/", "%d/%n/Maildir/"),
        ("example.org/a/n/", "other"),
        ("../example.org/anna/", "other"),
        ("/srv/mail/anna/", "absolute"),
        ("example.org/anna", "mbox"),
        ("", "empty"),
    ],
)
def test_the_forms_of_folders_are_told_apart(maildir: str, form: str) -> None:
    assert folder_form(maildir, "anna@example.org") == form


def test_only_some_forms_of_folders_are_told_apart(tables: None) -> None:
    for number in range(30):
        add_mailbox(f"box{number}@example.org", "", maildir=f"{number}/example.org/box{number}/")
    folders = read_rows().folders
    assert len(folders) == MAX_FORMS + 1 and folders["other"].count == 30 - MAX_FORMS


@pytest.mark.parametrize(
    ("goto", "code"),
    [
        ("anna@example.org,bob@example.org", ""),
        ("md5crypt#example.org@autoreply.example.org, anna@example.org", ""),
        (" , ", "target_empty"),
        ("anna@example.org,|/usr/bin/list", "target_program"),
        ('"|/usr/bin/list x"', "target_program"),
        ("/var/mail/anna", "target_program"),
        ("@example.org", "target_domain"),
        ("root", "target_local_user"),
        ("bücher@example.org", "target_other"),
    ],
)
def test_targets_that_cannot_be_saved_have_a_reason(goto: str, code: str) -> None:
    assert target_problem(goto) == code


@pytest.mark.parametrize(
    ("stored", "form"),
    [
        ("", "empty"),
        (f"{{cram-md5}}{CRAM}", "{CRAM-MD5}"),
        ("{CRAM-MD5}x", "{CRAM-MD5} (unreadable)"),
        (MD5, "32 hex digits"),
        (SHA512_CRYPT, "$6$"),
        ("$6$x", "$6$ (unreadable)"),
        ("dYTA6bcs8j.k6", "DES"),
        ("{geheim}geheim", "unknown or clear text"),
        ("geheim", "unknown or clear text"),
    ],
)
def test_the_form_of_a_password_contains_nothing_of_it(stored: str, form: str) -> None:
    assert password_form(stored) == form
