"""deploy/release: a number, a tag and an archive that can be written again."""

import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OTHER_UMASK = {
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "tar.umask",
    "GIT_CONFIG_VALUE_0": "077",
}


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    who = {
        f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        command, cwd=cwd, env=os.environ | who | env, capture_output=True, text=True
    )


def git(clone: Path, *arguments: str) -> str:
    done = run("git", *arguments, cwd=clone)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with the script as it is now, on a branch."""
    folder = tmp_path / "clone"
    git(ROOT, "clone", "--quiet", str(ROOT), str(folder))
    git(folder, "checkout", "--quiet", "-B", "main")
    (folder / "deploy/release").write_bytes((ROOT / "deploy/release").read_bytes())
    (folder / "deploy/release").chmod(0o755)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "The script")
    return folder


def release(clone: Path, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return run("deploy/release", *arguments, cwd=clone, **env)


def test_a_version_is_dated_tagged_and_archived(clone: Path, tmp_path: Path) -> None:
    done = release(clone, "77.1.0")
    assert done.returncode == 0, done.stderr
    archive = tmp_path / "mailadmin-77.1.0.tar.gz"
    with tarfile.open(archive) as opened:
        names = {member.name for member in opened.getmembers() if member.isfile()}
        changelog = opened.extractfile("mailadmin-77.1.0/CHANGELOG.md")
        project = opened.extractfile("mailadmin-77.1.0/pyproject.toml")
        assert changelog and re.search(
            rb"^## Unreleased\n\n## 77\.1\.0 \(\d{4}-\d\d-\d\d\)\n\n### Added",
            changelog.read(),
            re.M,
        )
        assert project and b'\nversion = "77.1.0"\n' in project.read()
    assert names == {f"mailadmin-77.1.0/{name}" for name in git(clone, "ls-files").splitlines()}
    subjects = git(clone, "log", "--format=%s", "v77.1.0~1..HEAD").splitlines()
    assert subjects == ["Begin 77.2.0", "Release 77.1.0"]
    assert 'version = "77.2.0.dev0"' in (clone / "pyproject.toml").read_text()
    (tmp_path / "again").mkdir()
    release(clone, "--archive", "v77.1.0", tmp_path / "again", **OTHER_UMASK)
    assert (tmp_path / "again" / archive.name).read_bytes() == archive.read_bytes()


def test_what_is_not_ready_is_not_released(clone: Path) -> None:
    for version, sentence in (
        ("77.1", "it must be three numbers"),
        ("0.3.0", "it must be newer than 0.3.0"),
        ("--archive", "There is no tag ''"),
    ):
        done = release(clone, version)
        assert done.returncode == 1 and sentence in done.stderr
    git(clone, "tag", "v77.1.0")
    assert "The tag v77.1.0 exists already." in release(clone, "77.1.0").stderr
    changelog = clone / "CHANGELOG.md"
    text = changelog.read_text()
    changelog.write_text(re.sub(r"(?s)(## Unreleased\n).*?(?=\n## 0\.3)", r"\1", text))
    assert "Commit or discard your changes first" in release(clone, "77.2.0").stderr
    git(clone, "commit", "--quiet", "--all", "--message", "Nothing")
    assert "Nothing is listed under Unreleased" in release(clone, "77.2.0").stderr
    assert git(clone, "tag") == "v77.1.0"
