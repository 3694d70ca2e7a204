"""Backups as files: written whole or not at all, verified, and readable only by their owner."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from mailboxes.backup import archive, encryption
from mailboxes.backup.encryption import Key
from mailboxes.errors import Refused

PARTIAL = ".mailadmin-backup-"


def write(path: Path, pieces: Iterator[bytes], key: Key) -> None:
    """Write a new file beside its place, verify it, then give it its name."""
    if path.exists():
        raise Refused("%(path)s already exists. Choose another file.", {"path": str(path)})
    try:
        # Only its owner can read it.
        with NamedTemporaryFile(dir=path.parent, prefix=PARTIAL, delete=False) as file:
            try:
                fill(file, pieces, key)
                Path(file.name).rename(path)
            except BaseException:
                Path(file.name).unlink()
                raise
        sync(path.parent)
    except OSError as error:
        raise Refused(
            "The backup can't be written to %(path)s: %(reason)s.",
            {"path": str(path), "reason": error.strerror or ""},
        ) from error


def fill(file: IO[bytes], pieces: Iterator[bytes], key: Key) -> None:
    if key:
        key = encryption.encrypt(pieces, file, key)
    else:
        file.writelines(pieces)
    file.flush()
    os.fsync(file.fileno())
    with opened(Path(file.name), key) as written:
        archive.examine(written)


def delete_partial(folder: Path) -> None:
    """Delete what was left when the machine stopped in the middle of a backup."""
    yesterday = time.time() - 24 * 3600
    for path in folder.glob(f"{PARTIAL}*"):
        if path.stat().st_mtime < yesterday:
            path.unlink()


def sync(folder: Path) -> None:
    """Let the new name survive a crash, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def opened(path: Path, key: Key) -> Iterator[IO[bytes]]:
    """Open a backup, decrypted."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise Refused(
            "%(path)s can't be read: %(reason)s.",
            {"path": str(path), "reason": error.strerror or ""},
        ) from error
    with file:
        if not encryption.is_encrypted(file):
            yield file
            return
        with encryption.decrypted(file, key) as plain:
            yield plain
