import hashlib
import re
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from importlib import metadata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailboxes.passwords import cram_md5, schemes
from mailboxes.passwords.dovecot_schemes import scram_keys
from mailboxes.passwords.hashers import KNOWN
from mailboxes.variants import VARIANTS

ANNA = "anna@example.org"
MD5 = "acbd18db4cc2f85cedef654fccc4a4d8"
CRAM = "a7cb902940b3f6662c48ace840a4e3e410241e875d720cb45b2d95a3e1ddfc8b"
SHA512_CRYPT = (
    "$6$abcdefgh$j0MVxgmPHdViHdU0fAVeXckk8X1/NT/"
    "aW8qH8f/E9EOXiODjOVOMxvfuGhvV3BoHalJReG2ivQ7nqTG.TS54n."
)
BCRYPT = "$2y$04$gMibB8kjJruBOQwkxvnJPuOfLBRkilJ/IYgPFNnuO2w3d6zSE/ofq"
ARGON2 = "$v=19$m=65536,t=3,p=1$RgwNau9GYiMl6EDds0i6Pg$DbTeHwmdJ6eMyJU+40r91jSo4p8vBkz5fdVa3ZBckj8"
# All are the password foo. Where no line says otherwise, Dovecot 2.3's `doveadm pw` wrote them.
CHEAP = [
    f"{{PLAIN-MD5}}{MD5}",
    "{PLAIN-MD4}0ac6700c491d70fb8650940b1ca1e4b2",
    "{LDAP-MD5}rL0Y20zC+Fzt72VPzMSk2A==",
    "{SMD5}I+u4t8RXu1Ckk0EMSy14UnZComI=",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
    "{SHA1}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
    "{SHA256}LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=",
    "{SHA512}9/u6bgY2+JDlb7vzKD5STG+jIErimDgtYkdB0NxmODJuKCxBvl5CVNiCB3LFUYosWowMf37aGVlKfrU5RT4e1w==",
    "{SSHA}zSceSNk9/1ogu3+EDT9x/uLwGsUVcVVO",
    "{SSHA256}1yWpWPzes+T5cj1lIIIWx3bep0AqmlgqAqaV6t2eeZfE1e33",
    "{SSHA512}HHCqk2WPjk5dIlPZ6y7Gdgw3sxjm4Evd0mDXxQxTkaYOW2uOKyvSlErkfLouBKXpqPiKy26n7BB589LZBiwl6Ic9sNQ=",
    "{MD5}$1$EUq7iBAh$ZLhkm13CToYV6mLDE4SCo0",
    "{MD5-CRYPT}$1$ELup0AIg$zU8bxvylLTGgaGbhtTU2Q/",
    "{DES-CRYPT}weaIHa2FdRhR6",
    f"{{BLF-CRYPT}}{BCRYPT}",
    "{SHA256-CRYPT}$5$jZcPikB5JdMnB9UN$o3mRcL3/1sFFzpc8e7wZNQ8blomWvsrU8/YldNo4Bh0",
    f"{{SHA512-CRYPT}}{SHA512_CRYPT}",
    "{CRYPT}$2y$05$hkFisrejRrOIc7g/0cowuOHySDnnmiCkAHtogpaTjmECikPFwR7Si",
    f"{{CRAM-MD5}}{CRAM}",  # the recipe's sample
    f"{{HMAC-MD5}}{CRAM}",
    "{DIGEST-MD5}49e31e40b5153f4f1fbf05fb402a14a4",
    "{SCRAM-SHA-1}4096,PbA/IYFEXVyf2Lp6oNDSdg==,7FV976516Oyg7BhjABeU77jM+MY=,"
    "Qjxv2gjLrYRa8oz6oN7iVFPJy8g=",
    "{SCRAM-SHA-256}4096,oZ4MT9PVyKpwEYs96vs7vg==,/5WM9TGng7PPjRAYr2iIOrIhmyA6Iz0jU7oLTOTFdfo=,"
    "H4KWmBFc/uDmXbkfAiRhWDYGhOXz53g1qj5pUE3ALcg=",
    "{PBKDF2}$1$2MbAyTD8BtV0IoPs$5000$8c41d3a4e682504304976cd14bd57142c3eb9ead",
    "{PLAIN}foo",
    "{CLEAR}foo",
    "{CLEARTEXT}foo",
    "{PLAIN-TRUNC}4-foo",
    "{PLAIN.HEX}666f6f",
    "{PLAIN.b64}Zm9v",
    "{SSHA.HEX}43a0e69e2ca5a7e42a9bce1b3fc09dcd07451a1a9ebf076b",
    "{CRAM-MD5.BASE64}p8uQKUCz9mYsSKzoQKTj5BAkHoddcgy0Wy2Vo+Hd/Is=",
    f"{{CRAM-MD5}}{CRAM.upper()}",
    f"{{PLAIN-MD5}}{MD5.upper()}",
    "{SHA512-CRYPT.B64}JDYkaEtITHgxUzAzUzl0TkdmOSRkUGwvby5FTFJ0UFpxWjRGMElWdFlBa1ZST1lsUi9LWExjVTE0"
    "VTFQZEZ4V0VFMHB6bzI1YnlhRjVhT3BLMzIuaVFyYjRRWW4ya0Y0UHVmWlhrUTU0MQ==",
    # PostfixAdmin's authlib and courier flavours, and Dovecot's names in another case
    f"{{md5raw}}{MD5}",
    "{md5}rL0Y20zC+Fzt72VPzMSk2A==",
    f"{{MD5}}{MD5}",
    f"{{crypt}}{SHA512_CRYPT}",
    f"{{sha512-crypt}}{SHA512_CRYPT}",
    "{crypt}weaIHa2FdRhR6",
    # bare, by `openssl passwd`
    SHA512_CRYPT,
    "$5$abcdefgh$CW45LGaOXvr/s.wV2oa1hJQDggNQ2Q.kmtERKd8vfa6",
    "$1$abcdefgh$XxzGe9Muun7wTYbZO4sdr0",
    # bare, by MariaDB's ENCRYPT(), MD5(), SHA1(), SHA2() and PASSWORD()
    "$6$$QMXjqd7rHQZPQ1yHsXkQqC1FBzDiVfTHXL.LaeDAeVV.IzMaV9VU4MQ8kPuZa2SOP1A0RPm772EaFYjpEJtdu.",
    "$6$rounds=5000$saltsalt$Jv6SqkiPFOQnGqKahOnGY51ChXzWzziq8eFqy/"
    "vxBYbZHFIirMkOAW8pQzy8xB.kPhS02cevoES8uYosUddER.",
    "$1$c9809462$jYo4whE6kk6iOyiJMqdw2.",
    "abQ9KY.KfrYrc",
    MD5,
    MD5.upper(),
    "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33",
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc663832"
    "6e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7",
    "*F3A2A51A9B0F2BE2468926B4132313728C250DBF",
    "26349fe6f276af7590bb7e3448479153:salt",  # pam_mysql's joomla15, by MD5(CONCAT())
    "MpJNrOjJiUIzqnSsZAtPVniXV49zYWx0",  # its ssha, by TO_BASE64()
    # bare bcrypt as PHP, OpenBSD and Python name it; these differ in their name only
    BCRYPT,
    BCRYPT.replace("$2y$", "$2a$"),
    BCRYPT.replace("$2y$", "$2b$"),
    # bare, by libxcrypt's crypt()
    "$y$j75$LBqXQGp4qvWTHte0yqFyq0$fFQo19c5umJXXDMzDaoAq4qkXDkH5jTSwIYljm/Pe.9",
    "$gy$j75$lsX/EKCVqrgxyOCJFYy16.$3NqfQlXL.yO2ws0PF1oKml5ysH7UY570.y06.K5WgB7",
    "$7$7U..../....dz0EGXNxvCR9SVX9QKAzl/$oSAObTl2JQUrTPPIJIqcuB4F5S.9TEANahN26QLcYL6",
]
COSTLY = [
    f"{{ARGON2ID}}$argon2id{ARGON2}",
    "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$gbdalv+VVjT/6NDpuLucMA$"
    "5NF6qGL6pVJ0I+z+O6Jsc0Us/R7gWjTULTL10agTv0g",
]
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


@pytest.mark.parametrize("stored", CHEAP + COSTLY)
def test_every_known_form_opens_with_its_password_and_no_other(stored: str) -> None:
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


def test_a_truncated_plain_password_stands_for_all_that_begin_so() -> None:
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
def test_bcrypt_sees_72_bytes_as_the_daemons_do(seen: str, stored: str) -> None:
    for opens in (seen, seen + "b", seen + "é" * 100):
        assert schemes.fits(opens, stored)
        assert schemes.fits(opens, "{BLF-CRYPT}" + stored)
        assert schemes.fits(opens, "{crypt}" + stored)
    assert not schemes.fits(seen[:-1] + "b", stored)


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
        BCRYPT[:-1] + "r",  # stray bits, which crypt(3) does not write
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
def test_a_broken_or_unknown_form_fits_nothing(stored: str | None) -> None:
    assert not schemes.fits("foo", stored, ANNA)
    assert not schemes.fits("", stored, ANNA)
    assert not schemes.fits(stored or "foo", stored, ANNA)


@pytest.mark.parametrize("stored", CHEAP)
def test_the_stored_text_itself_is_no_password(stored: str) -> None:
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
def test_an_empty_password_fits_not_even_what_was_made_of_it(stored: str) -> None:
    assert KNOWN.verify(b"", stored)
    assert not schemes.fits("", stored)


@pytest.mark.parametrize("stored", CHEAP)
def test_an_impossible_password_fits_nothing(stored: str) -> None:
    for password in ("", "\0", "foo\0", "foo\0bar", "foo\ud800", "foo" * 100_000):
        assert not schemes.fits(password, stored, ANNA)


@pytest.mark.parametrize(
    "stored",
    [
        BCRYPT.replace("$04$", "$15$"),
        BCRYPT.replace("$04$", "$31$"),
        "{BLF-CRYPT}" + BCRYPT.replace("$04$", "$31$"),
        SHA512_CRYPT.replace("$6$", "$6$rounds=1000000$"),
        "{SHA512-CRYPT}" + SHA512_CRYPT.replace("$6$", "$6$rounds=999999999$"),
        "{SHA512-CRYPT}" + SHA512_CRYPT.replace("$6$", f"$6$rounds={'9' * 5000}$"),
        f"{{ARGON2ID}}$argon2id{ARGON2.replace('m=65536', 'm=4194304')}",
        f"{{ARGON2ID}}$argon2id{ARGON2.replace('t=3', 't=1000')}",
        "{SCRAM-SHA-256}2147483647,oZ4MT9PVyKpwEYs96vs7vg==,/5WM9TGng7PPjRAYr2iIOrIhmyA6Iz0jU7oLTOTF"
        "dfo=,H4KWmBFc/uDmXbkfAiRhWDYGhOXz53g1qj5pUE3ALcg=",
        "{PBKDF2}$1$2MbAyTD8BtV0IoPs$2000000000$8c41d3a4e682504304976cd14bd57142c3eb9ead",
        "$y$jFT$LBqXQGp4qvWTHte0yqFyq0$fFQo19c5umJXXDMzDaoAq4qkXkDH5jTSwIYljm/Pe.9",
        "A" * 1_000_000,
    ],
    ids=lambda stored: stored[:30],
)
def test_a_row_that_asks_for_too_much_work_is_refused_at_once(stored: str) -> None:
    before = time.process_time()
    assert not schemes.fits("foo", stored)
    assert time.process_time() - before < 0.5


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


@pytest.mark.parametrize(
    ("password", "key"),
    [
        ("ä" + "b" * 61, "366f6e3c52497967b27c9864a75b9d39d9c174c2eb61db8b2e1c4b7371b70c71"),
        ("ä" + "b" * 62, "ba6563f03ea48a37b8cacc2f3a5fc0355f3188f7ee1c343af51983830235062c"),
        ("ä" + "b" * 63, "1fb46d41f7566862182a8694353e9baf3b497c5710bc742420f55aac7dccfbaf"),
        ("ä" + "b" * 253, "b346e943816aadc81601a1aa411fcdd3cb261441d6f02224c18c64e1a01aac28"),
        (" ä€😀 \"';#%$\\{}[]", "abaa07ff75ce436849dd7e124fa4911c95ee54354f0b62d208181ca463d0db6b"),
    ],
    ids=["63 bytes", "64 bytes", "65 bytes", "255 bytes", "signs"],
)
def test_the_cram_md5_key_is_the_one_that_doveadm_writes(password: str, key: str) -> None:
    assert cram_md5.key(password.encode()).hex() == key


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_the_scram_keys_are_those_that_doveadm_writes(algorithm: str) -> None:
    prefix = "{SCRAM-" + algorithm.upper().replace("SHA", "SHA-")
    (row,) = (stored for stored in CHEAP if stored.startswith(prefix))
    rounds, salt, *keys = row.partition("}")[2].split(",")
    made = scram_keys(algorithm, b"foo", b64decode(salt), int(rounds))
    assert [b64encode(key).decode() for key in made] == keys


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


def test_libpass_alone_provides_the_module_passlib() -> None:
    assert set(metadata.packages_distributions()["passlib"]) == {"libpass"}
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.distribution("passlib")


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
