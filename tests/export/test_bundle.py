"""The bundle is reproducible, and nobody else can read it or replace its folder."""

import hashlib
import io
import os
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


@pytest.mark.parametrize("below", ["sub", "mine/sub"])
def test_a_path_through_a_file_names_the_file(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(0o666)  # which is no reason to advise chmod
    with pytest.raises(BadExport, match=f"^{file}/{below} can't be used: {file} is not a folder"):
        bundle.write([], file / below)


NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def refused(directory: Path, sentence: str) -> None:
    with pytest.raises(BadExport, match=sentence) as caught:
        bundle.write([File("apply", "root", "root", 0o700, False, "")], directory)
    assert caught.value.code == "unprotected"
    assert not directory.exists()


@pytest.mark.finding("export-parent")
@needs_root
@pytest.mark.parametrize("below", ["sub", "mine/sub", "../others/sub"])
def test_a_folder_within_another_users_is_refused(tmp_path: Path, below: str) -> None:
    others = tmp_path / "others"
    (others / "mine").mkdir(parents=True)
    os.chown(others, NOBODY, NOBODY)
    refused(others / below, f"{others} is owned by another user")


@pytest.mark.finding("export-parent")
@pytest.mark.parametrize("mode", [0o777, 0o757, 0o775])
@pytest.mark.parametrize("below", ["sub", "mine/sub"])
def test_a_folder_within_one_that_others_may_write_to_is_refused(
    tmp_path: Path, mode: int, below: str
) -> None:
    shared = tmp_path / "shared"
    (shared / "mine").mkdir(parents=True)
    shared.chmod(mode)
    refused(shared / below, f"other users may write to {shared} .*chmod go-w {shared}”")


@pytest.mark.finding("export-parent")
@needs_root
def test_a_folder_behind_another_users_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    link = tmp_path / "link"
    link.symlink_to("mine")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    refused(link / "sub", f"{link} is owned by another user")


@pytest.mark.finding("export-parent")
def test_each_folder_that_a_link_passes_is_checked(tmp_path: Path) -> None:
    for name in ("mine", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "shared").chmod(0o777)
    (tmp_path / "shared/back").symlink_to(tmp_path / "mine")
    (tmp_path / "link").symlink_to("shared/back")
    refused(tmp_path / "link/sub", "other users may write to .*shared and ")


@pytest.mark.finding("export-parent")
def test_a_relative_path_is_checked_like_an_absolute_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.chdir(tmp_path)
    refused(Path("sub"), f"^sub can't be used: other users may write to {tmp_path} ")


@pytest.mark.finding("export-parent")
@pytest.mark.parametrize("mask", [0o000, 0o002, 0o077])
def test_a_folder_with_the_sticky_bit_is_used_under_any_umask(
    tmp_path: Path, files: list[File], mask: int
) -> None:
    tmp_path.chmod(0o1777)
    old = os.umask(mask)
    try:
        bundle.write(files, tmp_path / "bundle")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "bundle").stat().st_mode) == 0o700
