"""Passwords and their stored forms: every known one is read, the named one is written."""

import re
from functools import cache

from passlib.context import CryptContext

from mailboxes.hashes import KNOWN

LONGEST = 4096  # bytes, passlib's own limit
# NUL ends a password in SASL and in every C program, a line break ends it on standard input, and
# Dovecot 2.3 loses one with a TAB between auth and auth-worker. Nobody can type the others.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")


class BadPassword(ValueError):
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


@cache
def dummy(handler: str) -> str:
    return store("nobody's password", handler)


def spend(handler: str, password: str) -> None:
    """Take as long as one check, so that an unknown address costs as much as a wrong password."""
    fits(password, dummy(handler))


def check_password(password: str, longest: int) -> None:
    """Raise BadPassword, with a sentence that does not hold the password, if it cannot be used."""
    if not password:
        raise BadPassword("The password is empty; it needs at least one character.")
    if CONTROL.search(password):
        raise BadPassword(
            "The password holds a tab, a line break or another control character, which mail "
            "programs lose on the way."
        )
    if SURROGATE.search(password):
        raise BadPassword("The password holds half a character, which UTF-8 cannot write.")
    size = len(password.encode())
    if size > longest:
        raise BadPassword(
            f"The password has {size} bytes, but at most {longest} are allowed; a letter with an "
            "accent counts as two bytes, an emoji as four."
        )
