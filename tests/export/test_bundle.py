import hashlib
import io
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from mailboxes.export import bundle, render
from mailboxes.export.bundle import BadExport, File
from tests.export.conftest import HOSTS

ROOT = Path(__file__).resolve().parent.parent.parent


def digest() -> str:
    """Return a digest of the archives of all hosts."""
    archives = (bundle.pack(render.render_bundle(host), "bundle") for host in HOSTS.values())
    return hashlib.sha256(b"".join(archives)).hexdigest()


def test_equal_hosts_produce_equal_bytes_in_any_process() -> None:
    code = "from tests.export.test_bundle import digest; print(digest())"
    other = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    assert other.strip() == digest()


def test_files_in_the_archive_are_only_readable_by_root(files: list[File]) -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle.pack(files, "mailadmin-v2"))) as archive:
        members = archive.getmembers()
        contents = {
            member.name: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
            for member in members
            if member.isfile()
        }
    assert contents == {f"mailadmin-v2/{file.path}": file.text for file in files}
    assert members[0].name == "mailadmin-v2"
    assert {(member.uname, member.gname, member.uid, member.mtime) for member in members} == {
        ("root", "root", 0, 0)
    }
    for member in members:
        private = 0o700 if member.isdir() or member.name.endswith("/apply") else 0o600
        assert member.mode == private


@pytest.mark.parametrize("exists", [False, True], ids=["new", "empty"])
def test_files_in_the_folder_are_only_readable_by_their_owner(
    files: list[File], tmp_path: Path, exists: bool
) -> None:
    folder = tmp_path / "bundle"
    if exists:
        folder.mkdir()
    bundle.write(files, folder)
    written = {path for path in folder.rglob("*") if path.is_file()}
    assert {str(path.relative_to(folder)): path.read_bytes().decode() for path in written} == {
        file.path: file.text for file in files
    }
    for path in [folder, *folder.rglob("*")]:
        private = 0o700 if path.is_dir() or path.name == "apply" else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == private
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_is_not_empty_is_left_alone(files: list[File], tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BadExport, match="not an empty folder"):
        bundle.write(files, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["file", "file/below", "missing/below", "link"])
def test_a_path_that_cannot_be_a_folder_is_refused(
    files: list[File], tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(BadExport, match=name):
        bundle.write(files, tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "link"}


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    impossible = File("etc/" + "x" * 300, "root", "root", 0o600, False, "")
    with pytest.raises(BadExport, match="can't be written"):
        bundle.write([impossible], tmp_path / "bundle")
    assert not list(tmp_path.iterdir())
