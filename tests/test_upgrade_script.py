"""deploy/upgrade, from a version with data to one that works, and back from one that doesn't."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.hashers import check_password

pytestmark = pytest.mark.stack  # for deploy/run, on a computer where its packages are installed
ROOT = Path(__file__).resolve().parent.parent
FIRST_VERSION = ROOT / "tests/first_version"
"""Its databases after `deploy/run --demo`, with the administrator's password in ADMINISTRATOR."""

ADMINISTRATOR = "AkEkD-4mVNw-xmike-92LUR"
SETTINGS = """\
SECRET_KEY=of-the-first-version-and-long-enough-for-the-check-of-Django-0123456789
MAIL_HOSTNAME=mail.first.test
MAIL_LOOKUP_PASSWORD=lookup
MAIL_AUTH_PASSWORD=auth
"""
ROWS = """\
SELECT 'mailbox', username, password, name, maildir, quota, domain, active FROM mailbox
UNION ALL SELECT 'alias', address, goto, domain, active, '', '', '' FROM alias
UNION ALL SELECT 'domain', domain, description, transport, backupmx, active, '', '' FROM domain
"""
MIGRATIONS = "mailboxes/throttle/migrations"
ADDING = """\
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("throttle", "0002_last_sign_in")]
    operations = [
        migrations.AddField("counter", "more", models.IntegerField(default=7)),
        migrations.CreateModel("Later", [("id", models.BigAutoField(primary_key=True))]),
    ]
"""
FAILING = """\
from django.db import migrations
def fail(apps, schema_editor):
    raise RuntimeError("no way forward")
class Migration(migrations.Migration):
    dependencies = [("throttle", "0003_more")]
    operations = [migrations.RunPython(fail)]
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "CI")}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    done.stdout += done.stderr
    return done


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    done = run("git", *who, *arguments, cwd=folder)
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose branch is the checkout with the script as it is now."""
    folder = tmp_path_factory.mktemp("upgrade") / "origin"
    git(ROOT, "clone", "--quiet", str(ROOT), str(folder))
    git(folder, "checkout", "--quiet", "-B", "main")
    for name in git(ROOT, "ls-files", "--modified", "--others", "--exclude-standard").split():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "The version that is installed")
    return folder


@pytest.fixture(scope="module")
def panel(origin: Path) -> Path:
    """A panel that was cloned from there, with the settings and data of the first version."""
    folder = origin.parent / "panel"
    git(origin, "clone", "--quiet", str(origin), str(folder))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / ".git/info/exclude").write_text(".venv\n")
    (folder / "var").mkdir(mode=0o750)
    for name in ("panel", "mail"):
        with closing(sqlite3.connect(folder / f"var/{name}.sqlite3")) as connection:
            connection.executescript((FIRST_VERSION / f"{name}.sql").read_text())
    (folder / ".env").write_text(SETTINGS)
    done = run("deploy/run", "--setup", cwd=folder)
    assert done.returncode == 0, done.stdout
    return folder


def publish(origin: Path, **files: str) -> None:
    for name, text in files.items():
        (origin / MIGRATIONS / f"{name}.py").write_text(text)
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--allow-empty", "--message", "Newer")


def dump(panel: Path) -> dict[str, list[str]]:
    found = {}
    for name in ("panel", "mail"):
        with closing(sqlite3.connect(panel / f"var/{name}.sqlite3")) as connection:
            lines = (line for line in connection.iterdump() if "sqlite_sequence" not in line)
            found[name] = sorted(line for line in lines if '"django_migrations"' not in line)
            applied = connection.execute("SELECT app || '.' || name FROM django_migrations")
            found[f"migrations of {name}"] = sorted(name for (name,) in applied)
    return found


def upgrade(panel: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run("deploy/upgrade", "--backups", str(panel.parent / "backups"), *options, cwd=panel)


def test_data_of_the_first_version_are_kept(panel: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as first:
        first.executescript((FIRST_VERSION / "mail.sql").read_text())
        expected = sorted(first.execute(ROWS))
    with closing(sqlite3.connect(panel / "var/mail.sqlite3")) as mail:
        found = sorted(mail.execute(ROWS))
        counted = mail.execute("SELECT COUNT(*) FROM mailbox").fetchone()
    assert (found, len(found), counted) == (expected, 20, (8,))
    with closing(sqlite3.connect(panel / "var/panel.sqlite3")) as tables:
        users = tables.execute("SELECT username, is_superuser, password FROM auth_user").fetchall()
    [(name, is_superuser, password)] = users
    assert (name, is_superuser) == ("admin", 1) and check_password(ADMINISTRATOR, password)
    done = run(".venv/bin/python", "manage.py", "exportconfig", "--output", "out", cwd=panel)
    assert done.returncode == 0, done.stdout
    shutil.rmtree(panel / "out")


def test_a_panel_is_upgraded_and_goes_back_if_that_fails(origin: Path, panel: Path) -> None:
    git(panel, "pull", "--quiet", "--ff-only")  # what another test may have published
    same = upgrade(panel)
    assert (same.returncode, same.stdout.startswith("This is the latest")) == (0, True), same.stdout
    old = git(panel, "rev-parse", "HEAD")
    before = dump(panel)
    publish(origin, **{"0003_more": ADDING, "0004_fail": FAILING})
    failed = upgrade(panel)
    assert failed.returncode == 1
    assert "The new version doesn't work. Going back to" in failed.stdout
    assert "The old version runs again, with the data that it had." in failed.stdout
    assert git(panel, "rev-parse", "HEAD") == old
    assert git(panel, "branch", "--show-current") == "main"
    assert dump(panel) == before
    publish(origin, **{"0004_fail": FAILING.replace('raise RuntimeError("no way forward")', "...")})
    done = upgrade(panel)
    assert done.returncode == 0 and "Upgraded to" in done.stdout, done.stdout
    assert git(panel, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")
    with closing(sqlite3.connect(panel / "var/panel.sqlite3")) as connection:
        columns = connection.execute("PRAGMA table_info(throttle_counter)").fetchall()
    assert "more" in {column[1] for column in columns}
    assert dump(panel)["mail"] == before["mail"]
    assert len(list((panel.parent / "backups").iterdir())) == 2


def test_an_upgrade_refuses_what_it_could_not_undo(origin: Path, panel: Path) -> None:
    publish(origin)
    old = git(panel, "rev-parse", "HEAD")
    readme = panel / "README.md"
    text = readme.read_text()
    readme.write_text("mine")
    for options, sentence in (
        ([], "Files of the panel were changed here"),
        (["--to"], "--to needs a value"),
        (["--from", "x"], "Unknown option: --from"),
    ):
        done = upgrade(panel, *options)
        assert done.returncode == 1 and sentence in done.stdout
    readme.write_text(text)
    for revision, sentence in (("v99", "There is no version v99"), ("HEAD~1", "is not newer than")):
        done = upgrade(panel, "--to", revision)
        assert done.returncode == 1 and sentence in done.stdout
    assert git(panel, "rev-parse", "HEAD") == old
