"""Passwords and their stored forms: every known scheme is read, the chosen one is written."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

from passlib.context import CryptContext

from mailboxes.errors import Refused, gettext_noop
from mailboxes.passwords.dovecot_schemes import PREFIXED, crypt_text, dovecot_scheme
from mailboxes.passwords.hashers import KNOWN, write_many_cram_md5
from mailboxes.passwords.unix_crypt import crypt_scheme, has_known_salt

# NUL ends a password in SASL and in every C program, and a line break ends it on standard input.
# Dovecot 2.3 loses passwords with a TAB between auth and auth-worker. The others can't be typed.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")

# pam_mysql compares it literally with the output of MySQL's MD5().
PAM_MD5 = re.compile("[0-9a-f]{32}")
MD5RAW = re.compile(r"^\{MD5RAW\b", re.I)
CLEAR_TEXT = ("PLAIN", "CLEAR", "CLEARTEXT")
MECHANISMS = {
    "CRAM-MD5": "CRAM-MD5",
    "HMAC-MD5": "CRAM-MD5",
    "SCRAM-SHA-1": "SCRAM-SHA-1",
    "SCRAM-SHA-256": "SCRAM-SHA-256",
}
"""The one mechanism that a scheme supports besides PLAIN and LOGIN, which all support."""

SLOW = {
    *("CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT", "ARGON2", "ARGON2I", "ARGON2ID"),
    *("PBKDF2", "SCRAM-SHA-1", "SCRAM-SHA-256"),
}
"""The schemes that are slow by design; all others can be tried billions of times a second."""

SALTED = {"MD5-CRYPT", "DES-CRYPT", "SMD5", "SSHA", "SSHA256", "SSHA512"}
"""Those that aren't slow, but for which each row has to be cracked on its own."""

COSTLY = {"CRYPT", "BLF-CRYPT", "ARGON2", "ARGON2I", "ARGON2ID"}
"""Those that are slow on graphics cards, too; Dovecot calls yescrypt CRYPT."""


class Reason(Enum):
    """Why the owner of a row can't sign in, or not with every mechanism that is offered."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    """Not a scheme that the panel supports, or a damaged hash."""

    PAGE_ONLY = "page only"
    """A valid hash that no daemon reads; the panel's page for changing passwords does."""

    NOT_FOR_PAM = "not for PAM"
    """A valid hash, but not in the one scheme that pam_mysql reads."""

    WEAK = "weak"
    """A valid hash that the daemons only read if weak schemes are allowed."""

    TOLERATED = "tolerated"
    """The owner can sign in, but only while the daemons are set to allow weak schemes."""

    PLAIN_ONLY = "plain only"
    """The owner can sign in, but not with every mechanism that clients may choose."""


@dataclass(frozen=True)
class Problem:
    """What keeps a row's owner from signing in."""

    reason: Reason
    scheme: str = ""
    """Dovecot's name for the scheme, if it has one. Nothing else is kept from the row."""


class BadPassword(Refused):
    """A password that a program on the way to the mailbox can't handle."""


@cache
def context(handler: str) -> CryptContext:
    """Return the context that reads every known scheme and writes with this handler."""
    return KNOWN.copy(default=handler, deprecated="auto")


def make_password(password: str, handler: str) -> str:
    """Return what is stored for the password, written by this handler of `hashers`."""
    return str(context(handler).hash(password.encode()))


def make_passwords(passwords: Sequence[str], handler: str) -> list[str]:
    """Return what is stored for each of the passwords; many at once may take less time."""
    if handler == "dovecot_cram_md5":
        return write_many_cram_md5(password.encode() for password in passwords)
    return [make_password(password, handler) for password in passwords]


def fits(password: str, stored: str | None, username: str = "") -> bool:
    """Say whether the password belongs to the stored hash; an unknown hash fits nothing."""
    if not password or not stored or "\0" in password or CONTROL.search(stored):
        return False
    try:
        return bool(KNOWN.verify(password.encode(), stored, user=username))
    except ValueError:  # raised by passlib, base64 and UTF-8 for an unknown or broken hash
        return False


def is_checkable(stored: str | None) -> bool:
    """Say whether a password is really compared with the stored hash, which costs time."""
    if not stored or CONTROL.search(stored):
        return False
    has_prefix = PREFIXED.fullmatch(stored) is not None
    return bool(dovecot_scheme(stored)) or (not has_prefix and KNOWN.identify(stored) is not None)


def needs_update(stored: str | None, handler: str) -> bool:
    """Say whether the stored hash differs from what this handler writes, parameters included."""
    try:
        return not stored or bool(context(handler).needs_update(stored))
    except ValueError:
        return True


def find_problem(
    stored: str | None,
    pam_crypt: int | None = None,
    weak: Collection[str] = (),
    mechanisms: Collection[str] = (),
) -> Problem | None:
    """Return what keeps the row's owner from signing in, or None.

    With `pam_crypt` it is pam_mysql that reads the row, otherwise Dovecot, which refuses the
    `weak` schemes. Every scheme here was tried on Dovecot 2.3.19 and 2.4.1 with the exported
    queries; with `auth_allow_weak_schemes` the two agree in each case. Dovecot 2.4 also refuses a
    weak scheme under any other name ({CRYPT}$1$); it refuses {HMAC-MD5} with PLAIN and accepts it
    with CRAM-MD5. Hashes that take more than half a second to check are treated as unknown here,
    though the daemons may accept them.
    """
    if not stored:
        return Problem(Reason.EMPTY)
    scheme = dovecot_scheme(stored)
    if not scheme:
        return Problem(Reason.PAGE_ONLY if is_read_by_page(stored) else Reason.UNKNOWN)
    if pam_crypt is not None:
        reason = pam_reason(stored, pam_crypt)
        return Problem(reason, scheme) if reason else None
    if scheme in weak:
        return Problem(Reason.WEAK, scheme)
    return None if supports(scheme, mechanisms) else Problem(Reason.PLAIN_ONLY, scheme)


def is_read_by_page(stored: str) -> bool:
    """Say whether a hash that Dovecot can't read is one of Courier's or MySQL's."""
    if PREFIXED.fullmatch(stored):
        return dovecot_scheme(MD5RAW.sub("{LDAP-MD5", stored)) == "LDAP-MD5"
    return not CONTROL.search(stored) and KNOWN.identify(stored) is not None


def is_weak(stored: str) -> bool:
    """Say whether a known hash is quickly cracked from a copy of the row, or of all rows."""
    scheme = dovecot_scheme(stored)
    return bool(scheme) and strength(scheme, stored) < 2


def strength(scheme: str, stored: str = "") -> int:
    """Return how long a scheme, or a hash in it, takes to crack: 0 and 1 are quick, 3 is slow."""
    if scheme in SLOW:
        rank = 3 if scheme in COSTLY else 2
    elif scheme in SALTED or stored.upper().startswith("{MD5}$1$"):
        rank = 1
    else:
        return 0
    return 0 if has_known_salt(crypt_text(stored)) else rank


def has_shared_salt(stored: str) -> bool:
    """Say whether a salted hash has the salt of others, or an empty one."""
    return "$" in stored and bool(dovecot_scheme(stored)) and has_known_salt(crypt_text(stored))


def pam_reason(stored: str, pam_crypt: int) -> Reason | None:
    """Return why pam_mysql doesn't read the row: `crypt=3` is bare MD5, `crypt=1` bare crypt(3).

    A second rule can make it read MD5 besides crypt(3).
    """
    if PAM_MD5.fullmatch(stored):
        return None if pam_crypt == 3 else Reason.WEAK
    is_read = pam_crypt == 1 and crypt_scheme(stored)
    return None if is_read else Reason.NOT_FOR_PAM


def supports(scheme: str, mechanisms: Collection[str]) -> bool:
    """Say whether the owner of a row in this scheme can sign in with each of the mechanisms."""
    supported = ("PLAIN", "LOGIN", MECHANISMS.get(scheme))
    return scheme in CLEAR_TEXT or not set(mechanisms).difference(supported)


def checks_all_of(stored: str, password: str, username: str = "") -> bool:
    """Say whether no longer password fits the hash; DES only reads eight characters, bcrypt 72."""
    return not fits(f"{password}x", stored, username)


@cache
def dummy_hash(handler: str) -> str:
    return make_password("nobody's password", handler)


def dummy_verify(handler: str, password: str) -> None:
    """Take as long as one check, so that an unknown address costs as much as a wrong password."""
    fits(password, dummy_hash(handler))


def check_usable(password: str, max_bytes: int) -> None:
    """Raise BadPassword, without the password in its message, if the daemons can't handle it."""
    if not password:
        raise BadPassword(gettext_noop("The password is empty."), code="required", field="password")
    if CONTROL.search(password):
        raise BadPassword(
            gettext_noop(
                "The password contains a tab, a line break or another control character, which "
                "mail clients and servers don't support."
            ),
            field="password",
        )
    if SURROGATE.search(password):
        raise BadPassword(
            gettext_noop(
                "The password contains an invalid character, which UTF-8 can't represent."
            ),
            field="password",
        )
    size = len(password.encode())
    if size > max_bytes:
        raise BadPassword(
            gettext_noop(
                "The password is %(size)s bytes long; the limit is %(limit)s. Accented letters "
                "take two bytes, emoji four."
            ),
            {"size": size, "limit": max_bytes},
            code="too_long",
            field="password",
        )
