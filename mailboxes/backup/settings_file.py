"""The settings in a backup, compared with those of this panel."""

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from mailboxes.errors import Refused

OF_THE_MACHINE = ("DATABASE_URL", "MAIL_DATABASE_URL")
"""Where the databases are: what was restored is in those of this panel."""

OLD = ".before-restore"


def values(text: str) -> dict[str, str]:
    """Return the settings of a file, without its comments."""
    return {
        found[1]: found[2].strip("'\"")
        for found in re.finditer(r"^([A-Z0-9_]+)=(.*)$", text, re.MULTILINE)
    }


def differing(ours: str, theirs: str) -> list[str]:
    """Return the names of the settings that differ, except for the databases."""
    names = {name for name, _ in values(ours).items() ^ values(theirs).items()}
    return sorted(names - set(OF_THE_MACHINE))


def combined(ours: str, theirs: str) -> str:
    """Return the settings of the backup, with the databases of this panel and what it lacks."""
    own, known = values(ours), values(theirs)
    kept = [name for name in own if name in OF_THE_MACHINE or not known.get(name)]
    lines = [line for line in theirs.splitlines() if line.partition("=")[0] not in kept]
    return "\n".join([*lines, *(f"{name}={own[name]}" for name in kept)]) + "\n"


def write(path: Path, text: str) -> None:
    """Replace the file by one with the same owner and mode; keep the old one beside it."""
    try:
        with NamedTemporaryFile("w", dir=path.parent, prefix=".env-", delete=False) as file:
            try:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
                with suppress(FileNotFoundError):
                    old = path.stat()
                    shutil.copy2(path, path.with_name(path.name + OLD))
                    for copy in (Path(file.name), path.with_name(path.name + OLD)):
                        os.chown(copy, old.st_uid, old.st_gid)
                        copy.chmod(old.st_mode & 0o777)
                Path(file.name).rename(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise Refused(
            "The settings can't be written to %(path)s: %(reason)s. Run this as root, or use "
            "--keep-settings.",
            {"path": str(path), "reason": error.strerror or ""},
        ) from error
