"""The bundle as files, packed into an archive or written to a folder."""

import gzip
import io
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailboxes.errors import Refused, gettext_noop


class BadExport(Refused):
    """A host without a working configuration, or a folder that can't be used."""


@dataclass(frozen=True)
class File:
    """A file of the bundle; owner, group and mode are those on the mail host."""

    path: str
    owner: str
    group: str
    mode: int
    secret: bool
    text: str

    @property
    def target(self) -> str:
        """Where `apply` puts it; empty for what stays in the bundle."""
        return f"/{self.path}" if self.path.startswith("etc/") else ""


def pack(files: list[File], name: str) -> bytes:
    """Return the files as a .tar.gz with one folder; equal files give equal bytes."""
    archive = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=archive, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for folder in folders(files):
            tar.addfile(member(f"{name}/{folder}".rstrip("/."), 0o700, tarfile.DIRTYPE))
        for file in files:
            content = file.text.encode()
            info = member(f"{name}/{file.path}", bundle_mode(file), tarfile.REGTYPE)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return archive.getvalue()


def member(name: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.type = mode, kind
    info.uname = info.gname = "root"
    return info


def folders(files: list[File]) -> list[str]:
    """Return each folder of the bundle, parents first; the top is `.`."""
    return sorted({str(parent) for file in files for parent in Path(file.path).parents})


def bundle_mode(file: File) -> int:
    """Return the mode of a file in the bundle, which only its owner may read."""
    return 0o700 if file.path == "apply" else 0o600


def write(files: list[File], directory: Path) -> None:
    """Write all files into a new or empty folder, or none of them."""
    try:
        if directory.is_symlink() or (directory.exists() and not is_empty_folder(directory)):
            raise BadExport(
                gettext_noop(
                    "%(directory)s already exists and is not an empty folder. Choose another one."
                ),
                {"directory": str(directory)},
            )
        for folder in way_to(Path.cwd() / directory.parent):
            check_protected(folder, directory)
        # mkdtemp creates it with mode 0700, so it is never readable by others.
        partial = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            write_into(partial, files)
            partial.rename(directory)
        except BaseException:
            shutil.rmtree(partial)
            raise
    except OSError as error:
        raise BadExport(
            gettext_noop("The bundle can't be written to %(directory)s: %(reason)s."),
            {"directory": str(directory), "reason": error.strerror},
        ) from error


def way_to(path: Path) -> Iterator[Path]:
    """Yield every folder and link that is passed on the way to the path, and the path itself."""
    for place in reversed((path, *path.parents)):
        yield place
        if place.is_symlink():
            yield from way_to(place.parent / place.readlink())


def check_protected(folder: Path, directory: Path) -> None:
    """Raise BadExport if another user could exchange what is in the folder, such as `apply`."""
    params = {"directory": str(directory), "folder": str(folder)}
    mode = folder.stat().st_mode
    if not stat.S_ISDIR(mode):
        raise BadExport(
            gettext_noop(
                "%(directory)s can't be used: %(folder)s is not a folder. Choose another one."
            ),
            params,
        )
    if not {folder.stat().st_uid, folder.lstat().st_uid} <= {0, os.geteuid()}:
        raise BadExport(
            gettext_noop(
                "%(directory)s can't be used: %(folder)s is owned by another user, who could "
                "replace the bundle. Choose a folder that, like all folders above it, is owned by "
                "you or root."
            ),
            params,
            code="unprotected",
        )
    # The group's bit is also set where an ACL lets anyone write. In /tmp, whose sticky bit is set,
    # everyone may only replace what is theirs.
    if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
        raise BadExport(
            gettext_noop(
                "%(directory)s can't be used: other users may write to %(folder)s and could "
                "replace the bundle. Run “chmod go-w %(folder)s” or choose another folder."
            ),
            params,
            code="unprotected",
        )


def is_empty_folder(directory: Path) -> bool:
    return directory.is_dir() and not any(directory.iterdir())


def write_into(directory: Path, files: list[File]) -> None:
    for folder in folders(files):
        directory.joinpath(folder).mkdir(mode=0o700, exist_ok=True)
    for file in files:
        path = directory / file.path
        path.write_text(file.text, encoding="utf-8", newline="")
        path.chmod(bundle_mode(file))
