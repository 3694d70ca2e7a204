"""Stored hashes against Dovecot's own tool, in both directions."""

import subprocess
from collections.abc import Iterator

import crypt_r
import pytest

from mailboxes.passwords import schemes
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.variants import VARIANTS
from tests import debian_roots
from tests.machine import Machine
from tests.mailhost import releases

pytestmark = pytest.mark.stack

ANNA = "anna@example.org"
AWKWARD = {
    "blanks": "  two blanks  ",
    "quotes": "\"double' 'single\"",
    "signs": "#;%$\\{}[]<>&|`!*?~",
    "variables": "%u%d ${HOME} $1$ %%",
    "option": "-p",
    "letters": "Grüße, żółw, пароль, 密码",
    "emoji": "🔑🐌",
    "scheme": "{PLAIN}x",
    "hash": "{CRAM-MD5}a7cb902940b3f6662c48ace840a4e3e410241e875d720cb45b2d95a3e1ddfc8b",
    "one": "x",
    "63 bytes": "é" + "x" * 61,
    "64 bytes": "é" + "x" * 62,
    "65 bytes": "é" + "x" * 63,
    "72 bytes": "é" * 36,
    "73 bytes": "é" * 36 + "x",
    "255 bytes": "é" + "0123456789" * 25 + "xyz",
}
# Their output is not a stored password: a chain of one-time keys, and one without its length.
NOT_READ = {"OTP", "PLAIN-TRUNC"}
PREFIXES = {"mysql_md5": "{PLAIN-MD5}", "sha512_crypt": "{CRYPT}"}
WRITTEN = [
    pytest.param(scheme.handler, password, id=f"{scheme.handler}-{name}")
    for variant in VARIANTS.values()
    for scheme in variant.schemes.values()
    for name, password in AWKWARD.items()
    if len(password.encode()) <= scheme.max_bytes
]
awkward = pytest.mark.parametrize("password", AWKWARD.values(), ids=AWKWARD)


@pytest.fixture(scope="module", params=releases())
def dovecot(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine with the release's doveadm in which nothing runs."""
    with Machine(debian_roots.get_root(request.param, request.config), boots=False) as machine:
        yield machine


def doveadm_pw(dovecot: Machine, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `doveadm pw`; -O skips the machine's own configuration."""
    return dovecot.run(["doveadm", "-O", "pw", "-u", ANNA, *arguments], check=False)


def written(dovecot: Machine, scheme: str, password: str) -> str:
    made = doveadm_pw(dovecot, "-s", scheme, "-p", password)
    assert made.returncode == 0, made.stderr
    return made.stdout.removesuffix("\n")


def accepted(dovecot: Machine, stored: str, password: str) -> bool:
    return doveadm_pw(dovecot, "-t", stored, "-p", password).returncode == 0


@pytest.mark.parametrize(("handler", "password"), WRITTEN)
def test_dovecot_accepts_new_hashes_with_their_password_only(
    dovecot: Machine, handler: str, password: str
) -> None:
    stored = PREFIXES.get(handler, "") + schemes.make_password(password, handler)
    assert accepted(dovecot, stored, password)
    assert not accepted(dovecot, stored, "y" + password)


@awkward
def test_hashes_that_doveadm_writes_in_any_scheme_are_verified(
    dovecot: Machine, password: str
) -> None:
    names = set(doveadm_pw(dovecot, "-l").stdout.split())
    assert {"CRAM-MD5", "SHA512-CRYPT", "SCRAM-SHA-256"} < names
    rows = {name: written(dovecot, name, password) for name in names - NOT_READ}
    assert [name for name, row in rows.items() if not schemes.fits(password, row, ANNA)] == []
    assert [name for name, row in rows.items() if schemes.fits("y" + password, row, ANNA)] == []


@awkward
def test_cram_md5_keys_match_doveadm_byte_for_byte(dovecot: Machine, password: str) -> None:
    assert schemes.make_password(password, "dovecot_cram_md5") == written(
        dovecot, "CRAM-MD5", password
    )


@pytest.mark.parametrize("encoding", ["b64", "BASE64", "Hex"])
@pytest.mark.parametrize("scheme", ["plain", "Ssha", "sha256", "cram-md5", "sha512-crypt"])
def test_a_scheme_is_read_in_any_case_and_encoding(
    dovecot: Machine, scheme: str, encoding: str
) -> None:
    stored = written(dovecot, f"{scheme}.{encoding}", "foo").replace(scheme.upper(), scheme)
    assert accepted(dovecot, stored, "foo")
    assert schemes.fits("foo", stored, ANNA)
    assert not schemes.fits("fop", stored, ANNA)


NO_SALT = "!*:;\\"
SALTS = [chr(number) for number in range(33, 127) if chr(number) not in NO_SALT + "$"]


@pytest.mark.parametrize("start", ["$1$", "$5$", "$6$"])
def test_salts_may_contain_what_crypt_accepts(dovecot: Machine, start: str) -> None:
    for number in range(0, len(SALTS), 8):
        stored = crypt_r.crypt("foo", start + "".join(SALTS[number : number + 8]) + "$")
        assert accepted(dovecot, f"{{CRYPT}}{stored}", "foo")
        for row in (stored, f"{{CRYPT}}{stored}"):
            assert schemes.fits("foo", row) and not schemes.fits("fop", row)
            assert schemes.find_problem(row) is None
    valid = crypt_r.crypt("foo", f"{start}ab$")
    for letter in (*NO_SALT, " ", "ü"):
        stored = valid.replace("ab$", f"a{letter}$")
        assert not accepted(dovecot, f"{{CRYPT}}{stored}", "foo")
        assert schemes.find_problem(stored) == Problem(Reason.UNKNOWN)


BCRYPT = "{CRYPT}$2y$04$gg07CivWdId4Kea.Pghvj.3cP88gYVXKNVtby90JyBooE9MvNMEmy"
YESCRYPT = "{CRYPT}$y$j9T$9VekvIm891Dottd2xtSME.$mPKMl3vjoDfK9TVp85y6qs.3ZpYmWFsSG.GQYjoQPU2"
SHA1 = "C+7Hteo/D9vJXQ3UfzxbwnXaijM="


@pytest.mark.parametrize(
    ("stored", "password", "fits"),
    [
        (BCRYPT, "a" * 72, True),
        (BCRYPT, "a" * 73, True),
        (BCRYPT, "a" * 255, True),
        (BCRYPT, "a" * 71, False),
        (BCRYPT[:-1] + "z", "a" * 72, False),
        (BCRYPT.replace("Pghvj.", "Pghvj/"), "a" * 72, False),
        ("{CRYPT}$6$$" + "x" * 86, "foo", False),
        ("{CRYPT}acbd18db4cc2f85cedef654fccc4a4d8", "foo", False),
        ("{PLAIN-MD5}ACBD18DB4CC2F85CEDEF654FCCC4A4D8", "foo", True),
        ("{PLAIN-MD5}rL0Y20zC+Fzt72VPzMSk2A==", "foo", True),
        ("{MD5}acbd18db4cc2f85cedef654fccc4a4d8", "foo", True),
        ("{MD5}rL0Y20zC+Fzt72VPzMSk2A==", "foo", True),
        (f"{{SHA}}{SHA1}", "foo", True),
        ("{sha}0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", "foo", True),
        (f"{{SHA}}{SHA1.rstrip('=')}", "foo", False),
        (f"{{SSHA}}{SHA1}", "foo", False),
        ("{PLAIN-TRUNC}3-foo", "foobar", True),
        ("{PLAIN-TRUNC}4-foo", "foobar", False),
        ("{PLAIN-TRUNC}foo", "foo", False),
        ("{DES-CRYPT}JBOZ0DgmtucwE", "08/15!test~4711", True),
        ("{DES-CRYPT}JBOZ0DgmtucwE", "08/15!tX", False),
        ("{DIGEST-MD5}49e31e40b5153f4f1fbf05fb402a14a4", "foo", True),
        (YESCRYPT, "foo", True),
        (YESCRYPT, "fop", False),
    ],
)
def test_odd_rows_are_verified_as_dovecot_does(
    dovecot: Machine, stored: str, password: str, fits: bool
) -> None:
    assert accepted(dovecot, stored, password) is fits
    assert schemes.fits(password, stored, ANNA) is fits
