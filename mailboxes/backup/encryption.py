"""Encrypting backups as age does, with a passphrase or for the owner of a key.

`age -d FILE` decrypts them as well.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from tempfile import TemporaryFile
from types import ModuleType
from typing import IO, Any

from mailboxes.errors import Refused

HEADER = b"age-encryption.org/v1\n"
WITH_PASSPHRASE = HEADER + b"-> scrypt "


class BadKey(Refused):
    """What was entered to encrypt or decrypt doesn't fit."""


@dataclass(frozen=True)
class Key:
    """What encrypts or decrypts; nothing leaves the file as it is."""

    passphrase: str = field(default="", repr=False)
    recipients: tuple[str, ...] = ()
    """Public keys, to encrypt for their owners."""

    identities: tuple[str, ...] = field(default=(), repr=False)
    """Secret keys, to decrypt."""

    def __bool__(self) -> bool:
        return bool(self.passphrase or self.recipients)


def pyrage() -> ModuleType:
    """Return the library, which nothing else needs: a panel works without it."""
    try:
        import pyrage
        import pyrage.passphrase
    except ImportError as error:
        raise BadKey(
            "Backups can't be encrypted or decrypted here, because the Python package pyrage is "
            "missing. Run: ./deploy/run --setup"
        ) from error
    return pyrage  # type: ignore[no-any-return]


class Stream:
    """A file to read, made of pieces that are only made when they are needed."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = iter(pieces)
        self.rest = b""
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        try:
            while not self.rest:
                self.rest = next(self.pieces)
        except StopIteration:
            return b""
        except BaseException as error:  # the library would replace it
            self.error = error
            raise
        found, self.rest = self.rest[:size], self.rest[size:]
        return found


def encrypt(pieces: Iterator[bytes], output: IO[bytes], key: Key) -> Key:
    """Write the pieces, encrypted; return the key that decrypts them, to verify what was written.

    With a passphrase, the whole file is kept in memory, since the library knows no other way.
    """
    age = pyrage()
    if key.passphrase:
        output.write(age.passphrase.encrypt(b"".join(pieces), key.passphrase))
        return key
    # A second key, which is forgotten afterwards: that of the recipient is elsewhere.
    own = age.x25519.Identity.generate()
    recipients = [recipient(age, text) for text in key.recipients]
    stream = Stream(pieces)
    try:
        age.encrypt_io(stream, output, [*recipients, own.to_public()])
    except Exception as error:
        if stream.error:
            raise stream.error from None
        if isinstance(error, age.EncryptError):  # which is what a full disk becomes
            raise BadKey(
                "The backup can't be written: %(reason)s.", {"reason": str(error)}
            ) from error
        raise
    return Key(identities=(str(own),))


def recipient(age: Any, text: str) -> Any:
    try:
        return age.x25519.Recipient.from_str(text)
    except age.RecipientError as error:
        raise BadKey(
            "“%(text)s” is not a public key of age. It begins with age1; age-keygen prints it.",
            {"text": text},
        ) from error


def is_encrypted(file: IO[bytes]) -> bool:
    start = file.read(len(HEADER))
    file.seek(0)
    return start == HEADER


def needs_passphrase(file: IO[bytes]) -> bool:
    start = file.read(len(WITH_PASSPHRASE))
    file.seek(0)
    return start == WITH_PASSPHRASE


@contextmanager
def decrypted(file: IO[bytes], key: Key) -> Iterator[IO[bytes]]:
    """Yield the decrypted file: in memory, or a temporary one without a name."""
    age = pyrage()
    with BytesIO() if needs_passphrase(file) else TemporaryFile() as output:
        try:
            if needs_passphrase(file):
                output.write(age.passphrase.decrypt(file.read(), key.passphrase))
            else:
                age.decrypt_io(file, output, [identity(age, text) for text in key.identities])
        except (age.DecryptError, OSError) as error:  # without a number, it is the library's own
            if getattr(error, "errno", None):
                raise
            raise BadKey(
                "The backup can't be decrypted: the passphrase or the key is a wrong one, or the "
                "file is damaged."
            ) from error
        yield output


def identity(age: Any, text: str) -> Any:
    try:
        return age.x25519.Identity.from_str(text)
    except age.IdentityError as error:
        raise BadKey(
            "That is not a secret key of age, which begins with AGE-SECRET-KEY-1."
        ) from error
