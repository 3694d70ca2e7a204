"""Each known hash fits its password only; broken, unknown and costly ones fit none."""

import hashlib
import time
from base64 import b64decode, b64encode
from importlib import metadata

import pytest

from mailboxes.passwords import cram_md5, schemes
from mailboxes.passwords.dovecot_schemes import scram_keys
from mailboxes.passwords.hashers import KNOWN
from tests.hashes import ANNA, ARGON2, BCRYPT, CHEAP, COSTLY, CRAM, MD5, SHA512_CRYPT


@pytest.mark.parametrize("stored", CHEAP + COSTLY)
def test_every_known_hash_fits_its_password_and_no_other(stored: str) -> None:
    assert schemes.fits("foo", stored, ANNA)
    assert not schemes.fits("fop", stored, ANNA)
    assert not schemes.fits("foo ", stored, ANNA)


@pytest.mark.parametrize(
    ("username", "stored"),
    [
        (ANNA, "49e31e40b5153f4f1fbf05fb402a14a4"),
        ("anna@x@example.org", hashlib.md5(b"anna@x:example.org:foo").hexdigest()),
        ("anna", hashlib.md5(b"anna::foo").hexdigest()),
    ],
)
def test_digest_md5_belongs_to_one_address(username: str, stored: str) -> None:
    assert schemes.fits("foo", f"{{DIGEST-MD5}}{stored}", username)
    assert not schemes.fits("foo", f"{{DIGEST-MD5}}{stored}", "bob@example.org")
    assert not schemes.fits("foo", f"{{DIGEST-MD5}}{stored}")


def test_a_truncated_plain_password_fits_any_password_with_that_prefix() -> None:
    assert schemes.fits("foo", "{PLAIN-TRUNC}3-foo")
    assert schemes.fits("foobar", "{PLAIN-TRUNC}3-foo")
    assert not schemes.fits("fo", "{PLAIN-TRUNC}3-foo")
    assert not schemes.fits("foobar", "{PLAIN-TRUNC}4-foo")
    assert not schemes.fits("foo", "{PLAIN-TRUNC}0-")
    assert not schemes.fits("foo", "{PLAIN-TRUNC}foo")


@pytest.mark.parametrize(
    ("seen", "stored"),
    [
        ("a" * 72, "$2y$04$gg07CivWdId4Kea.Pghvj.3cP88gYVXKNVtby90JyBooE9MvNMEmy"),
        ("é" * 36, "$2y$04$Uzx178k2knDMQ2BOL8MUseHER5B20ilKzOjl.0vbQ1kyVng6CrwcS"),
    ],
)
def test_bcrypt_only_uses_72_bytes_as_the_daemons_do(seen: str, stored: str) -> None:
    for opens in (seen, seen + "b", seen + "é" * 100):
        assert schemes.fits(opens, stored)
        assert schemes.fits(opens, "{BLF-CRYPT}" + stored)
        assert schemes.fits(opens, "{crypt}" + stored)
    assert not schemes.fits(seen[:-1] + "b", stored)


@pytest.mark.finding("hash-as-password")
@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "foo",
        "foo\n",
        "{",
        "{}foo",
        "{PLAIN",
        "PLAIN}foo",
        " {PLAIN}foo",
        "{PLAIN}",
        "{PLAIN} foo",
        "{PLAIN}foo\n",
        "{PLAIN}foo\0",
        "{PLAIN.ROT13}sbb",
        "{PLAIN.HEX}666f6",
        "{PLAIN.B64}Zm9",
        "{PLAIN.}foo",
        "{NOPE}foo",
        "{OTP}sha1 1024 2c7f5c55f18a8e21 1b0788c575da7b4a",
        "{CRAM-MD5}",
        f"{{CRAM-MD5}}{CRAM[:-2]}",
        f"{{CRAM-MD5}}{CRAM}00",
        f"{{CRAM-MD5}} {CRAM}",
        f"{{CRAM-MD5}}{CRAM[:-1]}g",
        f"{{CRAM-MD5}}{CRAM}\n",
        "{PLAIN.B64}Zm!9v",
        "{SHA}C+7Hteo/D9vJXQ3U.fzxbwnXaijM=",
        "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM",
        "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijMAAAA=",
        "{SSHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
        "{SSHA}ünïcode",
        "{SSHA}====",
        f"{{CRYPT}}{MD5}",
        f"{{CRYPT}}{{PLAIN-MD5}}{MD5}",
        "{CRYPT}",
        "{MD5}",
        "{MD5}foo",
        "$6$",
        SHA512_CRYPT[:-1],
        SHA512_CRYPT[:-87],
        SHA512_CRYPT + "\n",
        BCRYPT[:-1],
        BCRYPT.replace("$2y$", "$2x$"),
        BCRYPT[:-1] + "r",  # stray bits, which crypt(3) never writes
        "{BLF-CRYPT}" + BCRYPT[:30],
        f"{{ARGON2ID}}$argon2id{ARGON2[:-2]}",
        f"{{ARGON2ID}}$argon2id{ARGON2}\0",
        f"{{ARGON2ID}}$argon2id{ARGON2.replace('p=1', 'p=0')}",
        f"{{ARGON2ID}}$argon2d{ARGON2}",
        "{SCRAM-SHA-256}4096",
        "{SCRAM-SHA-256}4096,,,",
        "{SCRAM-SHA-256}x,oZ4MT9PVyKpwEYs96vs7vg==,,",
        "{PBKDF2}$1$salt",
        "{PBKDF2}$1$salt$0$8c41d3a4e682504304976cd14bd57142c3eb9ead",
        "{PBKDF2}$2$2MbAyTD8BtV0IoPs$5000$8c41d3a4e682504304976cd14bd57142c3eb9ead",
        "{DIGEST-MD5}",
        "*0",
        "!",
        ":salt",
        "$y$j75$LBqXQGp4qvWTHte0yqFyq0$",
        "\ud800",
        "{PLAIN}\ud800",
    ],
)
def test_a_broken_or_unknown_hash_fits_nothing(stored: str | None) -> None:
    assert not schemes.fits("foo", stored, ANNA)
    assert not schemes.fits("", stored, ANNA)
    assert not schemes.fits(stored or "foo", stored, ANNA)


@pytest.mark.finding("hash-as-password")
@pytest.mark.parametrize("stored", CHEAP)
def test_the_stored_text_itself_is_not_a_password(stored: str) -> None:
    scheme, _, rest = stored.rpartition("}")
    assert not schemes.fits(stored, stored, ANNA)
    assert schemes.fits(rest, stored, ANNA) is (scheme in ("{PLAIN", "{CLEAR", "{CLEARTEXT"))


@pytest.mark.parametrize(
    "stored",
    [
        "d41d8cd98f00b204e9800998ecf8427e",
        "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
        "{CRAM-MD5}" + cram_md5.key(b"").hex(),
        "$1$abcdefgh$M55TzYaaccxVGbptZWaxX/",
    ],
)
def test_an_empty_password_does_not_even_fit_its_own_hash(stored: str) -> None:
    assert KNOWN.verify(b"", stored)
    assert not schemes.fits("", stored)


@pytest.mark.parametrize("stored", CHEAP)
def test_an_impossible_password_fits_nothing(stored: str) -> None:
    for password in ("", "\0", "foo\0", "foo\0bar", "foo\ud800", "foo" * 100_000):
        assert not schemes.fits(password, stored, ANNA)


@pytest.mark.parametrize(
    "stored",
    [
        BCRYPT.replace("$04$", "$13$"),
        BCRYPT.replace("$04$", "$31$"),
        "{BLF-CRYPT}" + BCRYPT.replace("$04$", "$31$"),
        SHA512_CRYPT.replace("$6$", "$6$rounds=1000000$"),
        "{SHA512-CRYPT}" + SHA512_CRYPT.replace("$6$", "$6$rounds=999999999$"),
        "{SHA512-CRYPT}" + SHA512_CRYPT.replace("$6$", f"$6$rounds={'9' * 5000}$"),
        f"{{ARGON2ID}}$argon2id{ARGON2.replace('m=65536', 'm=4194304')}",
        f"{{ARGON2ID}}$argon2id{ARGON2.replace('t=3', 't=1000')}",
        f"{{ARGON2ID}}$argon2id{ARGON2.replace('m=65536,t=3', 'm=262144,t=3')}",
        "{SCRAM-SHA-256}2147483647,oZ4MT9PVyKpwEYs96vs7vg==,/5WM9TGng7PPjRAYr2iIOrIhmyA6Iz0jU7oLTOTF"
        "dfo=,H4KWmBFc/uDmXbkfAiRhWDYGhOXz53g1qj5pUE3ALcg=",
        "{PBKDF2}$1$2MbAyTD8BtV0IoPs$2000000000$8c41d3a4e682504304976cd14bd57142c3eb9ead",
        "$y$jFT$LBqXQGp4qvWTHte0yqFyq0$fFQo19c5umJXXDMzDaoAq4qkXkDH5jTSwIYljm/Pe.9",
        "A" * 1_000_000,
    ],
    ids=lambda stored: stored[:30],
)
def test_an_expensive_hash_is_refused_at_once(stored: str) -> None:
    before = time.process_time()
    assert not schemes.fits("foo", stored)
    assert time.process_time() - before < 0.2


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_scram_keys_match_those_of_doveadm(algorithm: str) -> None:
    prefix = "{SCRAM-" + algorithm.upper().replace("SHA", "SHA-")
    (row,) = (stored for stored in CHEAP if stored.startswith(prefix))
    rounds, salt, *keys = row.partition("}")[2].split(",")
    made = scram_keys(algorithm, b"foo", b64decode(salt), int(rounds))
    assert [b64encode(key).decode() for key in made] == keys


def test_only_libpass_provides_the_module_passlib() -> None:
    assert set(metadata.packages_distributions()["passlib"]) == {"libpass"}
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.distribution("passlib")
