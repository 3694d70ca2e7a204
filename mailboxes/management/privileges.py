"""What a command of root's runs, and who else can change it."""

import os
import stat
import sys
from pathlib import Path

CHANGEABLE = (
    "Warning: others than root can change %(path)s, and so run commands as root when root runs "
    "this. Give it to root with chown and chmod."
)


def changeable(base: Path) -> Path | None:
    """Return the first file or folder of what has been loaded that others than root can change.

    It is too late to prevent anything: what they have changed has run. The unit of the doctor's
    timer checks everything before.
    """
    names = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    files = [Path(name) for name in names if name and Path(name).is_relative_to(base)]
    folders = {parent for file in files for parent in file.parents if parent.is_relative_to(base)}
    settings = Path(os.environ.get("ENV_FILE", base / ".env"))
    found = {
        base,
        base / "manage.py",
        *files,
        *folders,
        *([settings] if settings.is_file() else []),
    }
    return next(
        (each for each in sorted(found) if each.exists() and is_changeable(each.stat())), None
    )


def is_changeable(status: os.stat_result) -> bool:
    by_group = status.st_mode & stat.S_IWGRP and status.st_gid != 0
    return bool(status.st_uid != 0 or by_group or status.st_mode & stat.S_IWOTH)
