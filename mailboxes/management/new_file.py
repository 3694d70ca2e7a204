"""Writing a file that did not exist before, and that only its owner can read."""

import os
from collections.abc import Iterable
from pathlib import Path

from django.core.management.base import CommandError


def write(pieces: Iterable[str], path: Path) -> None:
    """Write a new file with mode 0600; after an error, no half of it is left."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"{path} can't be created: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    except BaseException as error:
        path.unlink()
        if isinstance(error, OSError):
            raise CommandError(f"{path} can't be written: {error.strerror}.") from error
        raise
