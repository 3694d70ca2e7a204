"""What a row is called in the report."""

import pytest

from mailboxes.inspection.folders import folder_form
from mailboxes.inspection.rows import password_form, target_problem
from tests.hashes import CRAM, MD5, SHA512_CRYPT


@pytest.mark.parametrize(
    ("maildir", "form"),
    [
        ("example.org/anna/", "domain/user/"),
        ("Example.org/Anna/", "domain/user/"),
        ("anna@example.org/", "user@domain/"),
        ("example.org/anna@example.org/", "domain/user@domain/"),
        ("example.org/a/anna/", "other"),
        ("/srv/mail/anna/", "absolute"),
        ("example.org/anna", "mbox"),
        ("", "empty"),
    ],
)
def test_the_forms_of_folders_are_told_apart(maildir: str, form: str) -> None:
    assert folder_form(maildir, "anna", "example.org") == form


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
