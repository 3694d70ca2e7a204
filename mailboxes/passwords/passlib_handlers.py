"""passlib's handlers, narrowed and completed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import passlib.hash
from passlib.utils import to_bytes

LETTERS = {"~": "[./A-Za-z0-9]", "#": "[A-Za-z0-9+/]", "@": r'["\x23%-)+-9<-[\]-\x7e]'}


def compile_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern: `~` is a letter of crypt(3)'s base64, `#` one of MIME's, `@` any
    character that crypt(3) accepts in a salt.
    """
    for letter, characters in LETTERS.items():
        text = text.replace(letter, characters)
    return re.compile(text, re.A)


@dataclass
class Handler:
    """A scheme that passlib has no handler for; an object, like passlib's PrefixWrapper."""

    name: str
    pattern: re.Pattern[str]
    check: Callable[[bytes, str, str], bool]
    write: Callable[[bytes], str] | None = None
    setting_kwds: ClassVar[tuple[str, ...]] = ()
    context_kwds: ClassVar[tuple[str, ...]] = ("user",)

    def using(self, relaxed: bool = False) -> "Handler":
        return replace(self)

    def identify(self, stored: str) -> bool:
        return self.pattern.fullmatch(stored) is not None

    def needs_update(self, stored: str, secret: object = None) -> bool:
        return False

    def verify(self, password: bytes | str, stored: str, user: str = "") -> bool:
        return self.check(to_bytes(password), stored, user)

    def hash(self, password: bytes | str) -> str:
        if self.write is None:
            raise TypeError(f"{self.name} hashes can only be verified, not created.")
        return self.write(to_bytes(password))


class TruncatingBcrypt(passlib.hash.bcrypt):  # type: ignore[misc]
    """Only reads 72 bytes of a password, as crypt(3) does; the library refuses a longer one."""

    def _calc_checksum(self, secret: bytes | str) -> Any:
        writing = self.use_defaults
        return super()._calc_checksum(secret if writing else to_bytes(secret)[:72])


def restricted(handler: Any, text: str, **settings: object) -> Any:
    """Return passlib's handler for exactly this pattern; by default, it only checks the start."""
    pattern = compile_pattern(text)
    found = handler.using(**settings)
    found.identify = lambda stored: pattern.fullmatch(stored) is not None
    found.pattern = pattern
    return found
