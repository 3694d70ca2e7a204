"""Why a stored hash can't be used on a host."""

import re

import pytest

from mailboxes.passwords import schemes
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.variants import DEBIAN13
from tests.hashes import BCRYPT, CHEAP, COSTLY, CRAM, DES, MD5, MD5_CRYPT, SHA512_CRYPT, YESCRYPT

# The scheme as which Dovecot 2.3.19 and 2.4.1 read each row, tried with the exported queries.
NAMES = {
    MD5: "PLAIN-MD5",
    MD5.upper(): "PLAIN-MD5",
    SHA512_CRYPT: "SHA512-CRYPT",
    BCRYPT: "BLF-CRYPT",
    MD5_CRYPT: "MD5-CRYPT",
    DES: "DES-CRYPT",
    YESCRYPT: "CRYPT",
    f"{{crypt}}{SHA512_CRYPT}": "SHA512-CRYPT",
    f"{{CRYPT}}{DES}": "DES-CRYPT",
    f"{{CRYPT}}{MD5_CRYPT}": "MD5-CRYPT",
    f"{{SHA512-CRYPT}}{MD5_CRYPT}": "MD5-CRYPT",
    f"{{SHA256-CRYPT}}{BCRYPT}": "BLF-CRYPT",
    f"{{DES-CRYPT}}{SHA512_CRYPT}": "DES-CRYPT",
    f"{{MD5}}{MD5_CRYPT}": "MD5",
    f"{{md5.hex}}{MD5_CRYPT.encode().hex()}": "MD5",
    f"{{MD5}}{MD5}": "MD5",
    "{md5}rL0Y20zC+Fzt72VPzMSk2A==": "MD5",
    f"{{Plain-Md5}}{MD5}": "PLAIN-MD5",
    f"{{LDAP-MD5}}{MD5}": "LDAP-MD5",
    "{PLAIN-MD5.B64}rL0Y20zC+Fzt72VPzMSk2A==": "PLAIN-MD5",
    "{SHA}0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33": "SHA",
    f"{{CRAM-MD5}}{CRAM}": "CRAM-MD5",
    f"{{cram-md5}}{CRAM.upper()}": "CRAM-MD5",
    "{PLAIN.hex}666f6f": "PLAIN",
}
REFUSED = [
    "",
    "foo",
    "{NOPE}foo",
    "{PLAIN}",
    "{PLAIN.HEX}666f6",
    "{PLAIN-TRUNC}foo",
    f"{{MD5RAW}}{MD5}",
    f"{{PLAIN-MD5}}{MD5[:-1]}",
    f"{{PLAIN-MD5}}{MD5}00",
    f"{{CRAM-MD5}}{CRAM[:-2]}",
    f"{{CRAM-MD5}} {CRAM}",
    f"{{CRYPT}}{MD5}",
    f"{{CRYPT}}{{PLAIN-MD5}}{MD5}",
    f"{{BLF-CRYPT}}{SHA512_CRYPT}",
    f"{{MD5-CRYPT}}{SHA512_CRYPT}",
    f"{{MD5}}{DES}",
    f"{{ARGON2ID}}{BCRYPT}",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM",
    "{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijMAAAA=",
    "{SSHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
    "{SMD5}rL0Y20zC+Fzt72VPzMSk2A==",
    "{SCRAM-SHA-256}4096,,,",
    "{PBKDF2}$1$salt",
    "{CRYPT}ünïcode",
    "{SSHA}ünïcode",
    SHA512_CRYPT[:-1],
    BCRYPT[:-1],
    "*0",
    "!",
    # bare, which only pam_mysql with another crypt= reads
    "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33",
    "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "f7fbba6e0636f890e56fbbf3283e524c6fa3204ae298382d624741d0dc663832"
    "6e282c41be5e4254d8820772c5518a2c5a8c0c7f7eda19594a7eb539453e1ed7",
    "*F3A2A51A9B0F2BE2468926B4132313728C250DBF",
    "26349fe6f276af7590bb7e3448479153:salt",
    "MpJNrOjJiUIzqnSsZAtPVniXV49zYWx0",
    COSTLY[0].partition("}")[2],
]
WEAK = ("PLAIN-MD4", "PLAIN-MD5", "LDAP-MD5", "SMD5", "MD5", "MD5-CRYPT", "DES-CRYPT", "HMAC-MD5")
MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")


def reason_of(found: Problem | None) -> Reason | None:
    return found.reason if found else None


@pytest.mark.parametrize(("stored", "scheme"), NAMES.items())
def test_a_weak_scheme_is_recognised_under_any_name(stored: str, scheme: str) -> None:
    assert schemes.find_problem(stored) is None
    assert schemes.find_problem(stored, weak=[scheme]) == Problem(Reason.WEAK, scheme)


@pytest.mark.parametrize("stored", REFUSED)
def test_rows_that_dovecot_cannot_read_are_unknown_to_every_host(stored: str) -> None:
    assert reason_of(schemes.find_problem(stored)) in (Reason.EMPTY, Reason.UNKNOWN)
    assert reason_of(schemes.find_problem(stored, pam_crypt=3)) in (Reason.EMPTY, Reason.UNKNOWN)
    assert not schemes.find_problem(stored or None, weak=WEAK).scheme  # type: ignore[union-attr]


@pytest.mark.parametrize("stored", CHEAP + COSTLY)
def test_dovecot_reads_every_known_hash_that_names_its_scheme(stored: str) -> None:
    prefix = re.match(r"\{([^}.]*)", stored)
    named = prefix and prefix[1].upper()
    if named == "MD5RAW" or stored in REFUSED:
        assert schemes.find_problem(stored) == Problem(Reason.UNKNOWN)
        return
    assert schemes.find_problem(stored) is None
    if named in WEAK:
        assert schemes.find_problem(stored, weak=DEBIAN13.weak) == Problem(Reason.WEAK, named)
    elif named and named != "CRYPT":
        assert schemes.find_problem(stored, weak=DEBIAN13.weak) is None


@pytest.mark.parametrize("stored", NAMES)
def test_pam_mysql_only_reads_one_bare_scheme(stored: str) -> None:
    as_md5, as_crypt = (schemes.find_problem(stored, pam_crypt=crypt) for crypt in (3, 1))
    assert (as_md5 is None) == (stored == MD5)
    assert (as_crypt is None) == (stored in (SHA512_CRYPT, BCRYPT, MD5_CRYPT, DES, YESCRYPT))
    assert {reason_of(as_md5), reason_of(as_crypt)} <= {None, Reason.NOT_FOR_PAM}


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
