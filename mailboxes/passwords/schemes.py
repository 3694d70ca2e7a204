"""Passwords and their stored forms: every known one is read, the named one is written."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from functools import cache

from passlib.context import CryptContext

from mailboxes.errors import Sentence
from mailboxes.errors import gettext_noop as _
from mailboxes.passwords.hashers import KNOWN, crypt_scheme, dovecot_scheme

LONGEST = 4096  # bytes, passlib's own limit
# NUL ends a password in SASL and in every C program, a line break ends it on standard input, and
# Dovecot 2.3 loses one with a TAB between auth and auth-worker. Nobody can type the others.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")


# pam_mysql compares letter by letter with what MySQL's MD5() writes.
PAM_MD5 = re.compile("[0-9a-f]{32}")
CLEAR_TEXT = ("PLAIN", "CLEAR", "CLEARTEXT")
MECHANISMS = {
    "CRAM-MD5": "CRAM-MD5",
    "HMAC-MD5": "CRAM-MD5",
    "SCRAM-SHA-1": "SCRAM-SHA-1",
    "SCRAM-SHA-256": "SCRAM-SHA-256",
}
"""The one mechanism that a scheme serves beside PLAIN and LOGIN, which all serve."""

SLOW = {
    *("CRYPT", "SHA256-CRYPT", "SHA512-CRYPT", "BLF-CRYPT", "ARGON2", "ARGON2I", "ARGON2ID"),
    *("PBKDF2", "SCRAM-SHA-1", "SCRAM-SHA-256"),
}
"""The schemes made to take long; of all others a machine tries billions of passwords a second."""


class Why(Enum):
    """Why the owner of a row cannot sign in, or not in every way on offer."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    """No form that the panel knows, or a damaged one."""

    FOREIGN = "foreign"
    """A sound form, but pam_mysql reads one only, and this is another."""

    WEAK = "weak"
    """A sound form that Dovecot refuses because it is weak."""

    TOLERATED = "tolerated"
    """The owner signs in, but only as long as Dovecot is told to take weak forms."""

    PLAIN_ONLY = "plain only"
    """The owner signs in, but not by a mechanism that is on offer and that clients may pick."""


@dataclass(frozen=True)
class Trouble:
    """What stands between a stored form and its owner's sign-in."""

    why: Why
    scheme: str = ""
    """Dovecot's name of the form, if it has one. Nothing else of the row is kept."""


class BadPassword(Sentence):
    """A password that some program on the way to the mailbox cannot take."""


@cache
def context(handler: str) -> CryptContext:
    """Return the context that reads every known form and writes this one."""
    return KNOWN.copy(default=handler, deprecated="auto")


def store(password: str, handler: str) -> str:
    """Return what the row shall hold, written by this handler of `hashes`."""
    check_password(password, LONGEST)
    return str(context(handler).hash(password.encode()))


def fits(password: str, stored: str | None, username: str = "") -> bool:
    """Say whether the password belongs to the stored form; an unknown one fits nothing."""
    if not password or not stored or "\0" in password or CONTROL.search(stored):
        return False
    try:
        return bool(KNOWN.verify(password.encode(), stored, user=username))
    except ValueError:  # what passlib, base64 and UTF-8 raise for an unknown or broken form
        return False


def is_of(stored: str | None, handler: str) -> bool:
    """Say whether the stored form is what this handler writes today, its parameters included."""
    try:
        return bool(stored) and not context(handler).needs_update(stored)
    except ValueError:
        return False


def trouble(
    stored: str | None,
    pam_crypt: int | None = None,
    weak: Collection[str] = (),
    mechanisms: Collection[str] = (),
) -> Trouble | None:
    """Say what hinders the owner of a row to sign in; nothing if all is well.

    With `pam_crypt` it is pam_mysql that reads the row, else Dovecot, which refuses the `weak`.
    Dovecot 2.3.19 and 2.4.1 were asked for every form here, as the exported queries ask; with
    `auth_allow_weak_schemes` the two agree in each. Dovecot 2.4 refuses a weak scheme also where it
    is called otherwise ({CRYPT}$1$); {HMAC-MD5} it refuses with PLAIN and takes with CRAM-MD5.
    What costs more than about a second is unknown here, too, though the daemons may take it.
    """
    if not stored:
        return Trouble(Why.EMPTY)
    scheme = dovecot_scheme(stored)
    if not scheme:
        return Trouble(Why.UNKNOWN)
    if pam_crypt is not None:
        return None if pam_reads(stored, pam_crypt) else Trouble(Why.FOREIGN, scheme)
    if scheme in weak:
        return Trouble(Why.WEAK, scheme)
    return None if serves(scheme, mechanisms) else Trouble(Why.PLAIN_ONLY, scheme)


def is_weak(stored: str) -> bool:
    """Say whether the row is of a known form that is quickly searched once it is copied."""
    scheme = dovecot_scheme(stored)
    return bool(scheme) and scheme not in SLOW


def pam_reads(stored: str, pam_crypt: int) -> bool:
    """Say whether pam_mysql reads the row: its `crypt=3` is bare MD5, `crypt=1` bare crypt(3)."""
    return bool(PAM_MD5.fullmatch(stored) if pam_crypt == 3 else crypt_scheme(stored))


def serves(scheme: str, mechanisms: Collection[str]) -> bool:
    """Say whether a row of this scheme lets its owner in by each of the mechanisms."""
    served = ("PLAIN", "LOGIN", MECHANISMS.get(scheme))
    return scheme in CLEAR_TEXT or all(mechanism in served for mechanism in mechanisms)


@cache
def dummy(handler: str) -> str:
    return store("nobody's password", handler)


def spend(handler: str, password: str) -> None:
    """Take as long as one check, so that an unknown address costs as much as a wrong password."""
    fits(password, dummy(handler))


def check_password(password: str, longest: int) -> None:
    """Raise BadPassword, with a sentence that does not hold the password, if it cannot be used."""
    if not password:
        raise BadPassword(_("The password is empty; it needs at least one character."))
    if CONTROL.search(password):
        raise BadPassword(
            _(
                "The password holds a tab, a line break or another control character, which "
                "mail programs lose on the way."
            )
        )
    if SURROGATE.search(password):
        raise BadPassword(_("The password holds half a character, which UTF-8 cannot write."))
    size = len(password.encode())
    if size > longest:
        raise BadPassword(
            _(
                "The password has %(size)s bytes, but at most %(longest)s are allowed; a "
                "letter with an accent counts as two bytes, an emoji as four."
            ),
            size=size,
            longest=longest,
        )
