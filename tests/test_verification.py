"""Which stored passwords take the host's scheme when their owners sign in."""

from dataclasses import replace
from functools import cache

import pytest

from mailboxes.conf import MailHost
from mailboxes.passwords import schemes
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.variants import RELEASES, VARIANTS
from mailboxes.verification import host_problem, locks_out, needs_rehash
from tests.export.conftest import mail_host
from tests.hashes import (
    ARGON2,
    BCRYPT,
    CHEAP,
    COSTLY,
    CRAM,
    DES,
    MD5,
    MD5_CRYPT,
    SHA512_CRYPT,
    UNREADABLE,
)

NO_SALT = next(stored for stored in CHEAP if stored.startswith("$6$$"))
SSHA = next(stored for stored in CHEAP if stored.startswith("{SSHA}"))
SHA256_CRYPT = next(stored for stored in CHEAP if stored.startswith("$5$"))
CASES = {
    ("v2", "CRAM-MD5"): {
        False: [f"{{CRAM-MD5}}{CRAM}", f"{{cram-md5}}{CRAM.upper()}", SHA512_CRYPT, BCRYPT, SSHA],
        True: [MD5, "{PLAIN}foo", NO_SALT, f"{{DIGEST-MD5}}{MD5}"],
    },
    ("v2", "SHA512-CRYPT"): {
        False: [
            *(SHA512_CRYPT, f"{{CRYPT}}{SHA512_CRYPT}", f"{{SHA512-CRYPT}}{SHA512_CRYPT}"),
            *(f"{{BLF-CRYPT}}{BCRYPT}", f"{{ARGON2ID}}$argon2id{ARGON2}"),
        ],
        True: [MD5, f"{{CRAM-MD5}}{CRAM}", SSHA, SHA256_CRYPT, MD5_CRYPT, DES, NO_SALT],
    },
    ("v2", "ARGON2ID"): {
        False: [f"{{ARGON2ID}}$argon2id{ARGON2}"],
        True: [SHA512_CRYPT, f"{{BLF-CRYPT}}{BCRYPT}", f"{{CRAM-MD5}}{CRAM}"],
    },
    ("v1", "MD5"): {
        False: [MD5],
        True: [MD5.upper(), f"{{PLAIN-MD5}}{MD5}", f"{{CRAM-MD5}}{CRAM}", SHA512_CRYPT],
    },
    ("v1", "SHA512-CRYPT"): {
        False: [SHA512_CRYPT, BCRYPT],
        True: [MD5, f"{{SHA512-CRYPT}}{SHA512_CRYPT}", DES, MD5_CRYPT, SHA256_CRYPT],
    },
}


def host_with(variant: str, scheme: str, release: str = "debian13") -> MailHost:
    chain = VARIANTS[variant]
    return mail_host(chain, release=RELEASES[release], scheme=chain.schemes[scheme])


@pytest.mark.parametrize("weak_schemes", [False, True])
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("of_host", CASES, ids="-".join)
def test_a_weaker_hash_takes_the_hosts_scheme_and_a_stronger_one_stays(
    of_host: tuple[str, str], release: str, weak_schemes: bool
) -> None:
    host = replace(host_with(*of_host, release), weak_schemes=weak_schemes)
    for expected, rows in CASES[of_host].items():
        assert [(row, needs_rehash(row, host)) for row in rows] == [(row, expected) for row in rows]


EVERY_HOST = [
    host_with(variant, scheme, release)
    for variant, chain in VARIANTS.items()
    for scheme in chain.schemes
    for release in RELEASES
]


@cache
def written(handler: str) -> str:
    return schemes.make_password("foo", handler)


def strength(stored: str) -> int:
    return schemes.strength(dovecot_scheme(stored), stored)


@pytest.mark.parametrize("host", EVERY_HOST, ids=lambda host: host.key)
def test_whatever_was_stored_the_new_hash_stays_and_is_never_weaker_than_one_that_worked(
    host: MailHost,
) -> None:
    new = written(host.scheme.handler)
    assert not needs_rehash(new, host)
    for stored in [*CHEAP, *COSTLY]:
        if needs_rehash(stored, host) and not locks_out(host_problem(stored, host)):
            assert strength(new) >= strength(stored), stored


@pytest.mark.parametrize("host", EVERY_HOST, ids=lambda host: host.key)
def test_what_the_daemons_cannot_read_takes_the_hosts_scheme(host: MailHost) -> None:
    assert [stored for stored in UNREADABLE if not needs_rehash(stored, host)] == []


@pytest.mark.parametrize("stored", [MD5_CRYPT, f"{{MD5}}{MD5_CRYPT}", DES])
def test_a_salted_hash_only_takes_an_unsalted_scheme_if_dovecot_refuses_it(stored: str) -> None:
    refusing = host_with("v2", "CRAM-MD5")
    assert not needs_rehash(stored, replace(refusing, weak_schemes=True))
    assert not needs_rehash(stored, host_with("v2", "CRAM-MD5", "debian12"))
    assert needs_rehash(stored, refusing)
