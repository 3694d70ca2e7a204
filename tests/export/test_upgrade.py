"""The steps and notes of an upgrade, in the order that keeps mailboxes working."""

import pytest

from mailboxes.export import upgrade
from mailboxes.export.compare import Comparison
from mailboxes.models import Mailbox
from tests.conftest import compare


@pytest.mark.parametrize(
    ("old", "new", "included", "excluded"),
    [
        ("v2/debian12", "v2/debian13", "10-auth.conf", "no longer offered"),
        ("v2/debian12", "v2/debian13", "your own files", "be downgraded"),
        ("v2/debian13", "v2/debian12", "be downgraded", "10-auth.conf"),
        ("v1/debian12", "v1/debian13", "/etc/default/saslauthd", "Dovecot"),
        ("v2/CRAM-MD5", "v2/ARGON2ID", "CRAM-MD5 is no longer offered", "Maildirs"),
        ("v2/ARGON2ID", "v2/SCRAM-SHA-256", "SCRAM-SHA-256 is now offered", "no longer"),
        ("v2/ARGON2ID", "v2/BLF-CRYPT", "stored as BLF-CRYPT", "offered"),
        ("v2", "v1", "an IMAP server", "port 993"),
        ("v2/debian12", "v1/debian12", "dovecot stays installed", "saslauthd"),
        ("v1/debian12", "v2/debian12", "saslauthd stays installed", "dovecot"),
        ("v1", "v2", "Quotas are enforced", "enforce quotas"),
        ("v2/debian12", "v1/debian13", "enforce quotas", "stays installed"),
    ],
)
def test_the_notes_describe_other_effects(
    tables: None, on_mysql: None, old: str, new: str, included: str, excluded: str
) -> None:
    notes = " ".join(upgrade.notes(compare(old, new)))
    assert included in notes and excluded not in notes


V1_ON_13 = "/root/mailhost-v1-debian13-md5"
V2_ON_13 = "/root/mailhost-v2-debian13-cram-md5"


def commands(comparison: Comparison) -> list[str]:
    return [
        line for step in upgrade.steps(comparison) for line in step.commands or ("(a sentence)",)
    ]


def test_an_upgrade_starts_with_the_passwords_and_stops_the_daemons(
    sample_mailboxes: None, on_mysql: None
) -> None:
    assert commands(compare("v2/debian12", "v2/debian13")) == [
        "(a sentence)",
        "MAIL_ALLOW_WEAK_SCHEMES=true",
        "MAIL_RELEASE=debian13",
        f".venv/bin/python manage.py exportconfig --output {V2_ON_13}",
        "systemctl disable --now postfix dovecot",
        f"sh {V2_ON_13}/apply --dry-run",
        f"sh {V2_ON_13}/apply",
        "./deploy/run --setup",
        "systemctl restart mailadmin",
    ]


def test_an_upgrade_with_another_scheme_starts_with_the_passwords_too(
    sample_mailboxes: None, on_mysql: None
) -> None:
    assert commands(compare("v2/debian12", "v2/debian13/ARGON2ID"))[:4] == [
        "(a sentence)",
        "MAIL_ALLOW_WEAK_SCHEMES=true",
        "MAIL_RELEASE=debian13",
        "MAIL_PASSWORD_SCHEME=ARGON2ID",
    ]


def test_another_variant_ends_with_the_passwords_and_the_old_daemon(
    sample_mailboxes: None, on_mysql: None
) -> None:
    assert commands(compare("v2/debian13", "v1/debian13")) == [
        "MAIL_VARIANT=v1",
        "MAIL_PASSWORD_SCHEME=MD5",
        f".venv/bin/python manage.py exportconfig --output {V1_ON_13}",
        *grants(compare("v2/debian13", "v1/debian13")),
        f"sh {V1_ON_13}/apply --dry-run",
        f"sh {V1_ON_13}/apply",
        "systemctl disable --now dovecot",
        "(a sentence)",
    ]


def grants(comparison: Comparison) -> list[str]:
    differs = any(change.path == "grants.sql" and change.diff for change in comparison.files)
    return [f"mariadb < {V1_ON_13}/grants.sql"] * differs


@pytest.mark.parametrize(
    ("old", "new", "warned"),
    [("v2", "v1", True), ("v1/MD5", "v1/SHA512-CRYPT", True), ("v2", "v2/ARGON2ID", False)],
)
def test_the_steps_warn_about_passwords_that_only_work_on_one_host(
    tables: None, on_mysql: None, old: str, new: str, warned: bool
) -> None:
    text = upgrade.steps(compare(old, new))[0].text
    assert text.endswith("Set this in .env and restart the panel:")
    assert text.startswith("Passwords changed after this step only work on the new host.") is warned


def test_an_unchanged_host_only_needs_password_steps(
    sample_mailboxes: None, on_mysql: None
) -> None:
    here = compare("v2/debian13", "v2/debian13")
    assert commands(here) == ["(a sentence)", "MAIL_ALLOW_WEAK_SCHEMES=true"]
    assert {change.status for change in here.files} == {"unchanged"} and not upgrade.notes(here)
    Mailbox.objects.all().delete()
    assert commands(compare("v2/debian13", "v2/debian13")) == []
