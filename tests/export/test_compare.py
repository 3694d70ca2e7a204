"""Two hosts side by side: the verdict, and the differences between their files."""

import re

import pytest
from pytest_django import Settings

from mailboxes.export.compare import BadHost, host_choices, parse_host, suggested_upgrade
from mailboxes.models import Mailbox
from mailboxes.variants import VARIANTS
from tests.conftest import STORED, add_mailbox, compare
from tests.hashes import MD5


def test_missing_parts_of_a_host_are_taken_from_the_settings(settings: Settings) -> None:
    settings.MAIL_RELEASE = "debian13"
    assert parse_host("debian12").key == "v2/debian12/CRAM-MD5"
    assert parse_host("v1").key == "v1/debian13/MD5"
    assert parse_host("DEBIAN12/V1/sha512-crypt").key == "v1/debian12/SHA512-CRYPT"
    settings.MAIL_PASSWORD_SCHEME = "SHA512-CRYPT"
    assert parse_host("v1").key == "v1/debian13/SHA512-CRYPT"
    settings.MAIL_PASSWORD_SCHEME = "ARGON2ID"
    assert parse_host("v1").key == "v1/debian13/MD5"
    assert all(parse_host(value).key == value for value in host_choices())
    assert host_choices()["v2/debian12/CRAM-MD5"] == "V2, Debian 12, CRAM-MD5"
    assert len(host_choices()) == 2 * sum(len(variant.schemes) for variant in VARIANTS.values())


@pytest.mark.parametrize(
    "text", ["", "debian11", "v1/v2", "v1/v1", "v1/", "/", "v1 debian12", "v1/debian12/x"]
)
def test_an_unknown_host_is_refused_with_the_valid_names(text: str) -> None:
    with pytest.raises(
        BadHost, match=r"doesn't describe a host.*v1, v2.*debian12, debian13.*CRAM-MD5"
    ):
        parse_host(text)


def test_a_scheme_of_the_other_variant_is_refused() -> None:
    with pytest.raises(
        BadHost, match=r"v1 doesn't support the scheme CRAM-MD5\. Use one of: MD5, SHA512"
    ):
        parse_host("v1/CRAM-MD5")


@pytest.mark.parametrize("release", ["debian12", "debian13"])
def test_the_upgrade_to_the_next_release_is_suggested(settings: Settings, release: str) -> None:
    settings.MAIL_RELEASE = release
    assert suggested_upgrade() == ("v2/debian12/CRAM-MD5", "v2/debian13/CRAM-MD5")


def test_the_verdict_counts_mailboxes(tables: None) -> None:
    upgrade = ("debian12", "debian13")
    assert compare(*upgrade).verdict() == "There are no active mailboxes."
    add_mailbox("anna@example.org", STORED["cram"])
    assert compare(*upgrade).verdict() == "The only active mailbox can sign in."
    add_mailbox("dora@example.org", STORED["cram"])
    assert compare(*upgrade).verdict() == "All 2 active mailboxes can sign in."
    Mailbox.objects.filter(pk="dora@example.org").delete()
    add_mailbox("bob@example.org", MD5)
    assert compare(*upgrade).verdict() == "1 of 2 active mailboxes can't sign in."
    add_mailbox("carl@example.org", "")
    assert "(1 of them can't sign in on the old host either.)" in compare(*upgrade).verdict()
    assert "old host" not in compare("debian13", "debian13").verdict()


def test_files_are_new_removed_changed_or_unchanged(tables: None, on_mysql: None) -> None:
    changes = {change.path: change for change in compare("v2/debian12", "v1/debian12").files}
    dovecot, pam = changes["/etc/dovecot/conf.d/99-mailadmin.conf"], changes["/etc/pam.d/smtp"]
    assert (dovecot.status, pam.status) == ("removed", "new")
    assert changes["/etc/postfix/mailadmin/domains.cf"].status == "unchanged"
    assert changes["postfix/main.cf"].status == "changed"
    assert not re.search(r"^\+", dovecot.diff, re.M) and not re.search("^-", pam.diff, re.M)
    assert "+smtpd_sasl_type = cyrus\n" in changes["postfix/main.cf"].diff
    landing = [path.startswith("/etc/") for path in changes]
    assert landing == sorted(landing, reverse=True) and "apply" not in changes


def test_diffs_contain_no_secrets(tables: None, on_mysql: None) -> None:
    for old, new in (("v1", "v2"), ("v2", "v1"), ("v2/debian12", "v2/debian13")):
        diffs = "".join(change.diff for change in compare(old, new).files)
        assert "********" in diffs and "secret" not in diffs
