"""Writing hashes, and saying which stored ones are outdated, weak or unreadable."""

import hashlib
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailboxes.passwords import schemes
from mailboxes.passwords.hashers import KNOWN
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.variants import DEBIAN13, VARIANTS
from tests.hashes import (
    ANNA,
    ARGON2,
    BCRYPT,
    CHEAP,
    COSTLY,
    CRAM,
    DES,
    MD5,
    MD5_CRYPT,
    PAGE_ONLY,
    READ_AS,
    SHA512_CRYPT,
    UNREADABLE,
    YESCRYPT,
)

FORMATS = {
    "mysql_md5": r"[0-9a-f]{32}",
    "sha512_crypt": r"\$6\$rounds=20000\$[./\w]{16}\$[./\w]{86}",
    "dovecot_cram_md5": r"\{CRAM-MD5\}[0-9a-f]{64}",
    "dovecot_sha512_crypt": r"\{SHA512-CRYPT\}\$6\$rounds=20000\$[./\w]{16}\$[./\w]{86}",
    "dovecot_blf_crypt": r"\{BLF-CRYPT\}\$2y\$10\$[./\w]{53}",
    "dovecot_argon2id": r"\{ARGON2ID\}\$argon2id\$v=19\$m=65536,t=3,p=1\$[+/\w]{22}\$[+/\w]{43}",
    "dovecot_scram_sha_256": r"\{SCRAM-SHA-256\}4096,[+/\w]{22}==,[+/\w]{43}=,[+/\w]{43}=",
}
QUICK = ["mysql_md5", "dovecot_cram_md5", "dovecot_scram_sha_256"]
SLOW = [handler for handler in FORMATS if handler not in QUICK]
# Short enough to stay within the 72 bytes of bcrypt with one more letter.
passwords = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=17)


@given(st.sampled_from(CHEAP), st.text(max_size=5), st.sampled_from(CHEAP), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_checking_any_stored_text_raises_no_error(
    start: str, text: str, end: str, cut: int
) -> None:
    stored = start[:cut] + text + end[cut:]
    assert schemes.fits("foo", stored, ANNA) in (True, False)
    assert schemes.fits(text, stored, ANNA) in (True, False)
    assert [not schemes.needs_update(stored, handler) for handler in FORMATS].count(True) <= 1


def test_every_scheme_of_the_variants_is_tested_here() -> None:
    named = {scheme.handler for variant in VARIANTS.values() for scheme in variant.schemes.values()}
    assert named == set(FORMATS)
    assert named < set(KNOWN.schemes())


@pytest.mark.parametrize("handler", FORMATS)
def test_new_hashes_have_the_format_that_the_daemons_expect(handler: str) -> None:
    stored = schemes.make_password("{PLAIN}foo", handler)
    assert re.fullmatch(FORMATS[handler], stored, re.ASCII)
    assert len(stored) <= 255
    assert not schemes.needs_update(stored, handler)
    assert not schemes.fits("foo", stored)


@pytest.mark.finding("constant-salt")
@pytest.mark.parametrize("handler", ["sha512_crypt", "dovecot_scram_sha_256"])
def test_salted_hashes_of_equal_passwords_differ(handler: str) -> None:
    assert schemes.make_password("foo", handler) != schemes.make_password("foo", handler)


def assert_verified(password: str, handler: str) -> None:
    stored = schemes.make_password(password, handler)
    assert schemes.fits(password, stored)
    assert not schemes.fits(password + "x", stored)


@pytest.mark.parametrize("handler", QUICK)
@given(password=passwords)
@settings(max_examples=50, deadline=None)
def test_any_password_is_verified(handler: str, password: str) -> None:
    assert_verified(password, handler)


@pytest.mark.parametrize("handler", SLOW)
@given(password=passwords)
@settings(max_examples=2, deadline=None)
def test_any_password_is_verified_in_slow_schemes(handler: str, password: str) -> None:
    assert_verified(password, handler)


@pytest.mark.finding("typed-hash")
@pytest.mark.parametrize("password", CHEAP)
def test_a_password_that_looks_like_a_hash_is_hashed(password: str) -> None:
    stored = schemes.make_password(password, "mysql_md5")
    assert stored == hashlib.md5(password.encode()).hexdigest()
    assert schemes.fits(password, stored)
    assert not schemes.fits("foo", stored)


@pytest.mark.finding("typed-hash")
@pytest.mark.parametrize(
    "scheme", sorted({s.handler for v in VARIANTS.values() for s in v.schemes.values()})
)
def test_every_scheme_hashes_a_password_that_looks_like_a_hash(scheme: str) -> None:
    typed = "{PLAIN}tr0ub4dor&3"
    stored = schemes.make_password(typed, scheme)
    assert typed not in stored and "tr0ub4dor" not in stored
    assert schemes.fits(typed, stored) and not schemes.fits("tr0ub4dor&3", stored)


def test_unsalted_hashes_match_those_of_mysql_and_dovecot() -> None:
    assert schemes.make_password("foo bär", "mysql_md5") == "1519f690d23d625a81e001984942cdf8"
    assert schemes.make_password("foo", "dovecot_cram_md5") == f"{{CRAM-MD5}}{CRAM}"


def test_bcrypt_refuses_a_password_that_it_would_truncate() -> None:
    schemes.make_password("é" * 36, "dovecot_blf_crypt")
    with pytest.raises(ValueError, match="72"):
        schemes.make_password("é" * 36 + "x", "dovecot_blf_crypt")


def test_read_only_schemes_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        schemes.make_password("foo", "dovecot")
    with pytest.raises(KeyError):
        schemes.make_password("foo", "plaintext")


@pytest.mark.parametrize(
    ("stored", "handler"),
    [
        (MD5.upper(), "mysql_md5"),  # pam_mysql compares lower case
        (f"{{PLAIN-MD5}}{MD5}", "mysql_md5"),
        (SHA512_CRYPT, "sha512_crypt"),
        (SHA512_CRYPT.replace("$6$", "$6$rounds=19999$"), "sha512_crypt"),
        (SHA512_CRYPT.replace("$6$", "{SHA512-CRYPT}$6$rounds=20000$"), "sha512_crypt"),
        (SHA512_CRYPT.replace("$6$", "$6$rounds=20000$"), "dovecot_sha512_crypt"),
        (SHA512_CRYPT.replace("$6$", "$6$rounds=20000$")[:-1], "sha512_crypt"),
        (f"{{CRAM-MD5}}{CRAM.upper()}", "dovecot_cram_md5"),
        (f"{{HMAC-MD5}}{CRAM}", "dovecot_cram_md5"),
        (f"{{BLF-CRYPT}}{BCRYPT}", "dovecot_blf_crypt"),
        (f"{{ARGON2ID}}$argon2id{ARGON2.replace('t=3', 't=2')}", "dovecot_argon2id"),
        (f"{{ARGON2ID}}$argon2id{ARGON2.replace('p=1', 'p=2')}", "dovecot_argon2id"),
        (f"{{ARGON2ID}}$argon2id{ARGON2.replace('m=65536', 'm=4096')}", "dovecot_argon2id"),
        (f"{{ARGON2ID}}$argon2i{ARGON2}", "dovecot_argon2id"),
        (f"{{ARGON2ID}}$argon2id{ARGON2}x", "dovecot_argon2id"),
        ("", "mysql_md5"),
        ("foo", "mysql_md5"),
    ],
)
def test_a_hash_with_other_letters_or_parameters_needs_an_update(stored: str, handler: str) -> None:
    assert schemes.needs_update(stored, handler)


def test_a_hash_with_the_handlers_parameters_needs_no_update() -> None:
    bare = SHA512_CRYPT.replace("$6$", "$6$rounds=20000$")
    assert not schemes.needs_update(bare, "sha512_crypt")
    assert not schemes.needs_update("{SHA512-CRYPT}" + bare, "dovecot_sha512_crypt")
    assert not schemes.needs_update(f"{{ARGON2ID}}$argon2id{ARGON2}", "dovecot_argon2id")


def least_time(action: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        before = time.process_time()
        action()
        times.append(time.process_time() - before)
    return min(times)


def test_an_unknown_address_costs_as_much_as_a_wrong_password() -> None:
    handler = "sha512_crypt"
    stored = schemes.make_password("foo", handler)
    schemes.dummy_verify(handler, "bar")
    wrong = least_time(lambda: schemes.fits("bar", stored))
    assert wrong / 2 < least_time(lambda: schemes.dummy_verify(handler, "bar")) < wrong * 2


@pytest.mark.parametrize("handler", FORMATS)
def test_dummy_verify_never_fails(handler: str) -> None:
    for password in ("", "\0", "foo\ud800", "x" * 10_000):
        schemes.dummy_verify(handler, password)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "empty"),
        ("secret\0", "control character"),
        ("secret\n", "control character"),
        ("secret\rsecret", "control character"),
        ("\tsecret", "control character"),
        ("secret\x1b", "control character"),
        ("secret\x7f", "control character"),
        ("secret\x85", "control character"),
        ("secret\ud83d", "an invalid character"),
        ("s" * 73, "73 bytes long; the limit is 72"),
        ("é" * 36 + "s", "73 bytes long; the limit is 72"),
        ("😀" * 19, "76 bytes long; the limit is 72"),
    ],
)
def test_an_unusable_password_is_refused(password: str, reason: str) -> None:
    with pytest.raises(schemes.BadPassword, match=reason) as refusal:
        schemes.check_usable(password, 72)
    assert re.fullmatch(r"The password [^.]*\.( Accented [^.]*\.)?", str(refusal.value))
    assert "secret" not in str(refusal.value)
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    "password",
    [" foo ", "\"'`;#%$\\{}[]", "%u", "é" * 36, "😀" * 18, "s" * 72, "{PLAIN}x", "\u200b"],
)
def test_any_other_password_is_accepted(password: str) -> None:
    schemes.check_usable(password, 72)


@pytest.mark.parametrize("stored", ["", "*", "{CRAM-MD5}00", "{ROT13}sbb", "{SHA512-CRYPT}x"])
def test_an_unknown_hash_is_not_called_weak(stored: str) -> None:
    assert not schemes.is_weak(stored)


@pytest.mark.parametrize("stored", [MD5, f"{{CRAM-MD5}}{CRAM}", "{PLAIN}foo", "{SSHA}" + "A" * 32])
def test_a_fast_hash_is_weak(stored: str) -> None:
    assert schemes.is_weak(stored)


# `foo` by crypt(3) without a salt, and by PostfixAdmin 3.3 with the one that it always uses.
SALTLESS = (
    "$6$$QMXjqd7rHQZPQ1yHsXkQqC1FBzDiVfTHXL.LaeDAeVV.IzMaV9VU4MQ8kPuZa2SOP1A0RPm772EaFYjpEJtdu."
)
SALTLESS_SHA256 = "$5$$9rlMzFmH6wTaam/8njhJdgD/Y6FpolRkkeYRdL6KJT1"
SALTLESS_MD5 = "$1$$n1rTiFE0nRifwV/43bVon/"
CONSTANT = "$1$c9809462$jYo4whE6kk6iOyiJMqdw2."


@pytest.mark.finding("salts")
@pytest.mark.finding("constant-salt")
@pytest.mark.parametrize(
    "stored",
    [
        SALTLESS,
        SALTLESS.replace("$6$", "$6$rounds=5000$"),
        SALTLESS_SHA256,
        SALTLESS_MD5,
        CONSTANT,
        f"{{SHA512-CRYPT}}{SALTLESS}",
        f"{{crypt}}{SALTLESS_SHA256}",
        f"{{SHA256-CRYPT.hex}}{SALTLESS.encode().hex()}",
        f"{{MD5-CRYPT}}{CONSTANT}",
        f"{{MD5}}{CONSTANT}",
    ],
)
def test_a_hash_with_a_known_salt_is_weak(stored: str) -> None:
    assert schemes.fits("foo", stored)
    assert schemes.is_weak(stored)


@pytest.mark.finding("salts")
@pytest.mark.parametrize("stored", [SHA512_CRYPT, f"{{CRYPT}}{SHA512_CRYPT}", BCRYPT, YESCRYPT])
def test_a_hash_with_a_random_salt_is_not_weak(stored: str) -> None:
    assert not schemes.is_weak(stored)


def test_exactly_the_schemes_with_a_weakness_are_weak() -> None:
    for variant in VARIANTS.values():
        for scheme in variant.schemes.values():
            stored = schemes.make_password("four unrelated words", scheme.handler)
            assert schemes.is_weak(stored) == bool(scheme.weakness)


WEAK = ("PLAIN-MD4", "PLAIN-MD5", "LDAP-MD5", "SMD5", "MD5", "MD5-CRYPT", "DES-CRYPT", "HMAC-MD5")
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")


def reason_of(found: Problem | None) -> Reason | None:
    return found.reason if found else None


@pytest.mark.parametrize(("stored", "scheme"), READ_AS.items())
def test_a_weak_scheme_is_recognized_under_any_name(stored: str, scheme: str) -> None:
    assert schemes.find_problem(stored) is None
    assert schemes.find_problem(stored, weak=[scheme]) == Problem(Reason.WEAK, scheme)


@pytest.mark.parametrize("stored", UNREADABLE)
def test_rows_that_dovecot_cannot_read_are_unknown_to_every_host(stored: str) -> None:
    assert reason_of(schemes.find_problem(stored)) in (Reason.EMPTY, Reason.UNKNOWN)
    assert reason_of(schemes.find_problem(stored, pam_crypt=3)) in (Reason.EMPTY, Reason.UNKNOWN)
    assert not schemes.find_problem(stored or None, weak=WEAK).scheme  # type: ignore[union-attr]


@pytest.mark.parametrize("stored", PAGE_ONLY)
def test_rows_that_only_the_panel_reads_are_told_apart(stored: str) -> None:
    assert schemes.find_problem(stored) == Problem(Reason.PAGE_ONLY)
    assert schemes.find_problem(stored, pam_crypt=3) == Problem(Reason.PAGE_ONLY)
    assert schemes.fits("foo", stored, ANNA) and not schemes.fits("fop", stored, ANNA)


@pytest.mark.parametrize("stored", CHEAP + COSTLY)
def test_dovecot_reads_every_known_hash_that_names_its_scheme(stored: str) -> None:
    prefix = re.match(r"\{([^}.]*)", stored)
    named = prefix and prefix[1].upper()
    if named == "MD5RAW" or stored in PAGE_ONLY:
        assert schemes.find_problem(stored) == Problem(Reason.PAGE_ONLY)
        return
    assert schemes.find_problem(stored) is None
    if named in WEAK:
        assert schemes.find_problem(stored, weak=DEBIAN13.weak) == Problem(Reason.WEAK, named)
    elif named and named != "CRYPT":
        assert schemes.find_problem(stored, weak=DEBIAN13.weak) is None


@pytest.mark.parametrize("stored", READ_AS)
def test_pam_mysql_only_reads_one_bare_scheme(stored: str) -> None:
    as_md5, as_crypt = (schemes.find_problem(stored, pam_crypt=crypt) for crypt in (3, 1))
    assert (as_md5 is None) == (stored == MD5)
    assert (as_crypt is None) == (stored in (SHA512_CRYPT, BCRYPT, MD5_CRYPT, DES, YESCRYPT))
    assert reason_of(as_md5) in (None, Reason.NOT_FOR_PAM)
    assert reason_of(as_crypt) in (None, Reason.WEAK if stored == MD5 else Reason.NOT_FOR_PAM)


@pytest.mark.parametrize(
    ("stored", "mechanism"),
    [
        (f"{{CRAM-MD5}}{CRAM}", "CRAM-MD5"),
        (f"{{HMAC-MD5}}{CRAM}", "CRAM-MD5"),
        (next(row for row in CHEAP if row.startswith("{SCRAM-SHA-256}")), "SCRAM-SHA-256"),
        (f"{{SHA512-CRYPT}}{SHA512_CRYPT}", ""),
        ("{PLAIN-TRUNC}4-foo", ""),
    ],
)
def test_a_hash_supports_one_mechanism_besides_plain_and_login(stored: str, mechanism: str) -> None:
    assert schemes.find_problem(stored, mechanisms=("PLAIN", "LOGIN")) is None
    for offered in ("CRAM-MD5", "SCRAM-SHA-256"):
        found = schemes.find_problem(stored, mechanisms=("PLAIN", "LOGIN", offered))
        assert reason_of(found) == (None if offered == mechanism else Reason.PLAIN_ONLY)


@pytest.mark.parametrize("stored", ["{PLAIN}foo", "{CLEAR}foo", "{cleartext}foo"])
def test_clear_text_supports_every_mechanism(stored: str) -> None:
    assert schemes.find_problem(stored, mechanisms=[*MECHANISMS, "SCRAM-SHA-256"]) is None
