"""Backups that are encrypted with a passphrase or for a key, as age does it."""

import getpass
import sys
from base64 import b85decode
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

import pyrage
import pytest
from django.core.management import CommandError

from mailboxes.backup import encryption
from tests.backup.conftest import dump, run, using

PASSPHRASE = "seven words that nobody would ever guess"
PLAIN = b"\x1f\x8b"
NO_BACKUP = b"""\
age-encryption.org/v1
-> scrypt mrgEdg1YxS+UAXrTB0EUqg 1
LqOJvn6x4HB+dhRsF+kYGJL/tF5j9FhsaparQTvUeoQ
--- PRmtyPMrpNDY8biwUK+vmCT1PA84b7O/sfgnCwcaIzw
"""
NO_BACKUP += b85decode("qI|;dms@OBfs)pQnsAn6YWjTu_VnL`ZrttOwJ0<863}ZU5nAVHU;")
"""Another text, encrypted with the passphrase at age's least cost, not for seconds."""


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What somebody types at a terminal, in this order."""
    answers: list[str] = []
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(getpass, "getpass", lambda question: answers.pop(0))
    return answers


def test_a_passphrase_is_asked_for_twice_to_encrypt(panel: Path, typed: list[str]) -> None:
    """The command then reads the backup with it, as restoring does."""
    typed[:] = [PASSPHRASE, PASSPHRASE]
    run("backup", panel / "backup.age", "--passphrase")
    assert (panel / "backup.age").read_bytes().startswith(b"age-encryption.org/v1\n-> scrypt ")
    assert typed == []


def test_a_passphrase_is_asked_for_or_read_from_a_file_to_restore(
    panel: Path, typed: list[str]
) -> None:
    backup, file = panel / "backup.age", panel / "passphrase"
    backup.write_bytes(NO_BACKUP)
    file.write_text(f"{PASSPHRASE}\nanother line\n")
    with pytest.raises(CommandError, match="is not a backup"):
        run("restore", backup, "--check", "--passphrase-file", file)
    for passphrase, sentence in ((PASSPHRASE, "is not a backup"), ("b", "can't be decrypted")):
        typed[:] = [passphrase]
        with pytest.raises(CommandError, match=sentence):
            run("restore", backup, "--check")
        assert typed == []


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [(["a", "b"], "The two passphrases differ"), ([""], "The passphrase is empty")],
)
def test_a_mistyped_passphrase_is_refused(
    panel: Path, typed: list[str], answers: list[str], sentence: str
) -> None:
    typed[:] = answers
    with pytest.raises(CommandError, match=sentence):
        run("backup", panel / "backup.age", "--passphrase")
    assert not (panel / "backup.age").exists()


def test_the_owner_of_a_key_can_decrypt_and_nobody_else(panel: Path, other: Path) -> None:
    owner, stranger = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    key, wrong = panel / "key.txt", panel / "wrong.txt"
    key.write_text(f"# created: 2026\n# public key: {owner.to_public()}\n{owner}\n")
    wrong.write_text(f"{stranger}\n")
    folder = panel / "backups"
    folder.mkdir()
    run("backup", folder, "--recipient", str(owner.to_public()))
    (backup,) = folder.iterdir()
    assert backup.name.endswith(".tar.gz.age")
    assert pyrage.decrypt(backup.read_bytes(), [owner]).startswith(PLAIN)
    with using(other):
        before = dump(other)
        with pytest.raises(CommandError, match="can't be decrypted: the passphrase or the key is"):
            run("restore", backup, "--identity", wrong)
        with pytest.raises(CommandError, match="Use --identity=PATH with the file of the secret"):
            run("restore", backup)
        assert dump(other) == before
        run("restore", backup, "--identity", key)
    damaged = bytearray(backup.read_bytes())
    damaged[-100] ^= 1
    backup.write_bytes(damaged)
    with pytest.raises(CommandError, match="or the file is damaged"):
        run("restore", backup, "--check", "--identity", key)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--recipient", "ssh-ed25519 AAAA"], "“ssh-ed25519 AAAA” is not a public key of age"),
        (["--recipient", "age1x", "--passphrase"], "Use only one of --recipient"),
        (["--passphrase"], "standard input is not a terminal"),
        (["--passphrase-file", "/nonexistent"], "/nonexistent can't be read: No such file"),
        (["--passphrase-file", "/dev/null"], "its first line is empty"),
    ],
)
def test_unusable_keys_are_refused_before_anything_is_written(
    panel: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], sentence: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO())
    with pytest.raises(CommandError, match=sentence):
        run("backup", panel / "backup.age", *options)
    assert not list(panel.glob("*.age")) and not list(panel.glob(".mailadmin*"))


def test_a_secret_key_that_is_none_is_refused(panel: Path) -> None:
    backup, key = panel / "backup.age", panel / "key.txt"
    run("backup", backup, "--recipient", str(pyrage.x25519.Identity.generate().to_public()))
    key.write_text("AGE-SECRET-KEY-1\n")
    with pytest.raises(CommandError, match="That is not a secret key of age") as refused:
        run("restore", backup, "--check", "--identity", key)
    assert "AGE-SECRET-KEY-1\n" not in str(refused.value)


def test_an_error_of_the_database_is_not_taken_for_one_of_the_encryption() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first"
        raise ConnectionError("gone")

    key = encryption.Key(recipients=(str(pyrage.x25519.Identity.generate().to_public()),))
    with pytest.raises(ConnectionError, match="gone"):
        encryption.encrypt(pieces(), BytesIO(), key)


def test_a_full_disk_is_reported_in_a_sentence() -> None:
    key = encryption.Key(recipients=(str(pyrage.x25519.Identity.generate().to_public()),))
    with (
        Path("/dev/full").open("wb", buffering=0) as disk,
        pytest.raises(encryption.BadKey, match="can't be written: .*No space left on device"),
    ):
        encryption.encrypt(iter([bytes(200_000)]), disk, key)
