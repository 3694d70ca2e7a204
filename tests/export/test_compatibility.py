"""Which mailboxes a host's daemons could not sign in, and why."""

import pytest
from pytest_django import Settings

from mailboxes.export.compare import Comparison, host_choices, parse_host
from mailboxes.export.compatibility import (
    MAX_ADDRESSES,
    MAX_DOMAINS,
    incompatible_mailboxes,
    stored_passwords,
)
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.verification import host_problem
from tests.conftest import STORED, add_mailbox, compare
from tests.hashes import MD5


def test_new_passwords_work_with_every_mechanism_of_the_host() -> None:
    hosts = [parse_host(value) for value in host_choices()]
    rows = {host.scheme.handler: "" for host in hosts}
    rows = {handler: schemes.make_password("foo", handler) for handler in rows}
    for host in hosts:
        assert host_problem(rows[host.scheme.handler], host) is None


def problems(comparison: Comparison) -> dict[str, str]:
    return {
        finding.address.partition("@")[
            0
        ]: f"{finding.problem.reason.value}{' already' * finding.already}"
        for finding in incompatible_mailboxes(comparison.old, comparison.new, Mailbox.objects.all())
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "v2/debian12",
            "v2/debian13",
            {
                "empty": "empty already",
                "md5": "weak",
                "nope": "unknown already",
                "sha": "plain only already",
                "six": "plain only already",
            },
        ),
        (
            "v2/debian12/SHA512-CRYPT",
            "v2/debian12/CRAM-MD5",
            {
                "empty": "empty already",
                "md5": "plain only",
                "nope": "unknown already",
                "sha": "plain only",
                "six": "plain only",
            },
        ),
        (
            "v1/debian12/MD5",
            "v2/debian12/SHA512-CRYPT",
            {"empty": "empty already", "nope": "unknown already"},
        ),
        (
            "v2/debian12/CRAM-MD5",
            "v1/debian13/MD5",
            {
                "cram": "not for PAM",
                "empty": "empty already",
                "nope": "unknown already",
                "sha": "not for PAM",
                "six": "not for PAM",
            },
        ),
        (
            "v1/debian12/MD5",
            "v1/debian12/SHA512-CRYPT",
            {
                "cram": "not for PAM already",
                "empty": "empty already",
                "md5": "weak",
                "nope": "unknown already",
                "sha": "not for PAM already",
            },
        ),
    ],
)
def test_incompatible_mailboxes_are_found_and_whether_they_already_were(
    sample_mailboxes: None, old: str, new: str, expected: dict[str, str]
) -> None:
    assert problems(compare(old, new)) == expected


def test_allowed_weak_schemes_are_counted_but_lock_nobody_out(
    sample_mailboxes: None, settings: Settings
) -> None:
    settings.MAIL_ALLOW_WEAK_SCHEMES = True
    assert problems(compare("debian12", "debian13"))["md5"] == "tolerated"
    report = compare("debian12", "debian13").report
    assert [group.count for group in report.tolerated] == [1]
    assert not [group for group in report.cannot_sign_in if "PLAIN-MD5" in group.text]


def test_only_active_mailboxes_are_examined(sample_mailboxes: None) -> None:
    add_mailbox("off@example.org", "", active=False)
    add_mailbox("off@example.com", "")
    Domain.objects.filter(pk="example.com").update(active=False)
    Mailbox.objects.create(username="lost@example.net", password="", domain_id="example.net")
    here = compare("debian12", "debian12")
    assert here.report.mailboxes == len(STORED)
    assert [row.address for row in stored_passwords(Mailbox.objects.all())] == [
        f"{name}@example.org" for name in STORED
    ]


def test_every_row_is_read_once_whatever_the_batch_size(
    sample_mailboxes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in (1, 2, 5, 6, 7):
        monkeypatch.setattr("mailboxes.export.compatibility.HASHES_PER_QUERY", size)
        assert (
            len(list(stored_passwords(Mailbox.objects.all())))
            == len(set(stored_passwords(Mailbox.objects.all())))
            == len(STORED)
        )


def test_the_report_keeps_counts_and_the_first_addresses(tables: None) -> None:
    for number in range(MAX_ADDRESSES + 2):
        add_mailbox(f"u{number:02}@example.org", MD5)
    add_mailbox("bob@example.org", "")
    report = compare("debian12", "debian13").report
    weak, empty = report.cannot_sign_in
    assert (weak.count, weak.already, weak.others, len(weak.addresses)) == (22, 0, 2, MAX_ADDRESSES)
    assert weak.addresses[0] == "u00@example.org" and empty.already == 1
    assert "PLAIN-MD5" in weak.text and report.weak_count == 22 and not report.plain_only


def test_md5_beside_crypt_on_v1_is_tolerated_while_weak_schemes_are_allowed(
    sample_mailboxes: None, on_mysql: None, settings: Settings
) -> None:
    change = ("v1/debian12/MD5", "v1/debian12/SHA512-CRYPT")
    weak = next(group for group in compare(*change).report.cannot_sign_in if "PLAIN" in group.text)
    assert weak.text.endswith("which pam_mysql only reads with MAIL_ALLOW_WEAK_SCHEMES")
    settings.MAIL_ALLOW_WEAK_SCHEMES = True
    assert problems(compare(*change))["md5"] == "tolerated"


def test_the_passwords_that_take_the_scheme_at_a_sign_in_are_counted_by_domain(
    sample_mailboxes: None, on_mysql: None
) -> None:
    add_mailbox("anna@example.com", MD5)
    add_mailbox("off@example.com", MD5, active=False)
    report = compare("v2/CRAM-MD5", "v2/CRAM-MD5").report
    assert report.to_rehash == {"example.org": 3, "example.com": 1}
    assert compare("v2", "v2/SHA512-CRYPT").report.to_rehash == {"example.org": 4, "example.com": 1}
    assert compare("v1/MD5", "v1/MD5").report.to_rehash == {"example.org": 5}


def test_only_the_domains_with_the_most_of_them_are_kept_for_the_page(tables: None) -> None:
    for number in range(MAX_DOMAINS + 2):
        add_mailbox(f"anna@d{number:02}.example.org", MD5)
    add_mailbox("bob@d21.example.org", MD5)
    report = compare("v2", "v2").report
    assert report.domains_to_rehash[0] == ("d21.example.org", 2)
    assert len(report.domains_to_rehash) == MAX_DOMAINS and report.other_domains == 2
    assert report.to_rehash_count == MAX_DOMAINS + 3
