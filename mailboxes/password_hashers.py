"""The hasher in PASSWORD_HASHERS that checks what administrators bring from another panel."""

from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher, BasePasswordHasher
from django.utils.crypto import get_random_string

from mailboxes.passwords.dovecot_schemes import crypt_text, dovecot_scheme
from mailboxes.passwords.recomputing import recompute, separate
from mailboxes.passwords.unix_crypt import argon2

MAX_LENGTH = 128
"""Of Django's column."""

PREFIX = "mail$"
SALT_LENGTH = 8
"""As short as Argon2 allows, for the column; most results have a salt of their own besides."""


class MailHasher(BasePasswordHasher):
    """Argon2 over the result of an older hash, until the administrator signs in."""

    algorithm = PREFIX[:-1]
    library = ("argon2", "argon2")

    def verify(self, password: str, encoded: str) -> bool:
        setting, result = split(encoded)
        return Argon2PasswordHasher().verify(recompute(password, setting), f"argon2${result}")

    def must_update(self, encoded: str) -> bool:
        return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: RoleBackend evens out what each name costs."""

    def decode(self, encoded: str) -> dict[str, Any]:
        setting, result = split(encoded)
        return {"algorithm": self.algorithm, "setting": setting, "hash": result}


def split(encoded: str) -> tuple[str, str]:
    setting, _, result = encoded.removeprefix(PREFIX).rpartition(":")
    return setting, result


def wrap(stored: str) -> str:
    """Return what is kept for an older hash; nothing if it can't be checked or is too long."""
    text = crypt_text(stored) if dovecot_scheme(stored).startswith("ARGON2") else stored
    if argon2.identify(text):
        return fitting(f"argon2{text}")
    if (parts := separate(stored)) is None:
        return ""
    setting, result = parts
    hashed = Argon2PasswordHasher().encode(result, get_random_string(SALT_LENGTH))
    return fitting(f"{PREFIX}{setting}:{hashed.partition('$')[2]}")


def fitting(encoded: str) -> str:
    return encoded if len(encoded) <= MAX_LENGTH else ""
