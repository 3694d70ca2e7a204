import hashlib
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailboxes.passwords import schemes
from mailboxes.passwords.hashers import KNOWN
from mailboxes.variants import VARIANTS
from tests.hashes import ANNA, ARGON2, BCRYPT, CHEAP, CRAM, MD5, SHA512_CRYPT

SHAPES = {
    "mysql_md5": r"[0-9a-f]{32}",
    "sha512_crypt": r"\$6\$rounds=20000\$[./\w]{16}\$[./\w]{86}",
    "dovecot_cram_md5": r"\{CRAM-MD5\}[0-9a-f]{64}",
    "dovecot_sha512_crypt": r"\{SHA512-CRYPT\}\$6\$rounds=20000\$[./\w]{16}\$[./\w]{86}",
    "dovecot_blf_crypt": r"\{BLF-CRYPT\}\$2y\$10\$[./\w]{53}",
    "dovecot_argon2id": r"\{ARGON2ID\}\$argon2id\$v=19\$m=65536,t=3,p=1\$[+/\w]{22}\$[+/\w]{43}",
    "dovecot_scram_sha_256": r"\{SCRAM-SHA-256\}4096,[+/\w]{22}==,[+/\w]{43}=,[+/\w]{43}=",
}
QUICK = ["mysql_md5", "dovecot_cram_md5", "dovecot_scram_sha_256"]
SLOW = [handler for handler in SHAPES if handler not in QUICK]
# So short that a letter more stays within the 72 bytes of bcrypt.
passwords = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=17)


@given(st.sampled_from(CHEAP), st.text(max_size=5), st.sampled_from(CHEAP), st.integers(0, 99))
@settings(max_examples=200, deadline=None)
def test_no_stored_text_makes_the_check_fail(start: str, text: str, end: str, cut: int) -> None:
    stored = start[:cut] + text + end[cut:]
    assert schemes.fits("foo", stored, ANNA) in (True, False)
    assert schemes.fits(text, stored, ANNA) in (True, False)
    assert [not schemes.needs_update(stored, handler) for handler in SHAPES].count(True) <= 1


def test_every_scheme_of_the_variants_has_a_handler_that_is_tested_here() -> None:
    named = {scheme.handler for variant in VARIANTS.values() for scheme in variant.schemes.values()}
    assert named == set(SHAPES)
    assert named < set(KNOWN.schemes())


@pytest.mark.parametrize("handler", SHAPES)
def test_what_is_written_has_the_shape_that_the_daemons_expect(handler: str) -> None:
    stored = schemes.make_password("{PLAIN}foo", handler)
    assert re.fullmatch(SHAPES[handler], stored, re.ASCII)
    assert len(stored) <= 255
    assert not schemes.needs_update(stored, handler)
    assert not schemes.fits("foo", stored)


@pytest.mark.parametrize("handler", ["sha512_crypt", "dovecot_scram_sha_256"])
def test_equal_passwords_do_not_look_equal_where_there_is_a_salt(handler: str) -> None:
    assert schemes.make_password("foo", handler) != schemes.make_password("foo", handler)


def opens(password: str, handler: str) -> None:
    stored = schemes.make_password(password, handler)
    assert schemes.fits(password, stored)
    assert not schemes.fits(password + "x", stored)


@pytest.mark.parametrize("handler", QUICK)
@given(password=passwords)
@settings(max_examples=50, deadline=None)
def test_any_password_opens_what_was_stored_for_it(handler: str, password: str) -> None:
    opens(password, handler)


@pytest.mark.parametrize("handler", SLOW)
@given(password=passwords)
@settings(max_examples=2, deadline=None)
def test_any_password_opens_what_was_stored_slowly_for_it(handler: str, password: str) -> None:
    opens(password, handler)


@pytest.mark.parametrize("password", CHEAP)
def test_a_password_that_looks_like_a_hash_is_hashed(password: str) -> None:
    stored = schemes.make_password(password, "mysql_md5")
    assert stored == hashlib.md5(password.encode()).hexdigest()
    assert schemes.fits(password, stored)
    assert not schemes.fits("foo", stored)


def test_the_unsalted_forms_are_those_of_mysql_and_dovecot() -> None:
    assert schemes.make_password("foo bär", "mysql_md5") == "1519f690d23d625a81e001984942cdf8"
    assert schemes.make_password("foo", "dovecot_cram_md5") == f"{{CRAM-MD5}}{CRAM}"


def test_bcrypt_is_not_written_for_a_password_that_it_would_cut() -> None:
    schemes.make_password("é" * 36, "dovecot_blf_crypt")
    with pytest.raises(ValueError, match="72"):
        schemes.make_password("é" * 36 + "x", "dovecot_blf_crypt")


def test_what_is_only_read_cannot_be_written() -> None:
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
def test_a_form_with_other_letters_or_parameters_is_not_of_the_handler(
    stored: str, handler: str
) -> None:
    assert schemes.needs_update(stored, handler)


def test_a_form_with_the_handlers_parameters_is_of_it() -> None:
    bare = SHA512_CRYPT.replace("$6$", "$6$rounds=20000$")
    assert not schemes.needs_update(bare, "sha512_crypt")
    assert not schemes.needs_update("{SHA512-CRYPT}" + bare, "dovecot_sha512_crypt")
    assert not schemes.needs_update(f"{{ARGON2ID}}$argon2id{ARGON2}", "dovecot_argon2id")


def least_time(deed: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        before = time.process_time()
        deed()
        times.append(time.process_time() - before)
    return min(times)


def test_an_unknown_address_costs_as_much_as_a_wrong_password() -> None:
    handler = "sha512_crypt"
    stored = schemes.make_password("foo", handler)
    schemes.dummy_verify(handler, "bar")
    wrong = least_time(lambda: schemes.fits("bar", stored))
    assert wrong / 2 < least_time(lambda: schemes.dummy_verify(handler, "bar")) < wrong * 2


@pytest.mark.parametrize("handler", SHAPES)
def test_spending_time_never_fails(handler: str) -> None:
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
def test_a_password_that_gets_lost_on_the_way_is_refused(password: str, reason: str) -> None:
    with pytest.raises(schemes.BadPassword, match=reason) as refusal:
        schemes.check_usable(password, 72)
    assert re.fullmatch(r"The password [^.]*\.( Accented [^.]*\.)?", str(refusal.value))
    assert "secret" not in str(refusal.value)
    assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    "password",
    [" foo ", "\"'`;#%$\\{}[]", "%u", "é" * 36, "😀" * 18, "s" * 72, "{PLAIN}x", "\u200b"],
)
def test_any_other_password_is_taken(password: str) -> None:
    schemes.check_usable(password, 72)


@pytest.mark.parametrize("stored", ["", "*", "{CRAM-MD5}00", "{ROT13}sbb", "{SHA512-CRYPT}x"])
def test_no_form_is_called_weak_that_is_not_known(stored: str) -> None:
    assert not schemes.is_weak(stored)


@pytest.mark.parametrize("stored", [MD5, f"{{CRAM-MD5}}{CRAM}", "{PLAIN}foo", "{SSHA}" + "A" * 32])
def test_a_form_that_is_tried_quickly_is_weak(stored: str) -> None:
    assert schemes.is_weak(stored)


def test_no_scheme_that_is_offered_as_strong_is_weak_and_the_others_are() -> None:
    for variant in VARIANTS.values():
        for scheme in variant.schemes.values():
            stored = schemes.make_password("four unrelated words", scheme.handler)
            assert schemes.is_weak(stored) == bool(scheme.weakness)
