"""backup and restore: every row comes back, and nothing is replaced or half restored unasked."""

import gzip
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.core.management import CommandError
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from mailboxes import actions
from mailboxes.access.models import Grant, GrantedDomain
from mailboxes.addresses import Address, DomainName
from mailboxes.adoption.models import Adoption
from mailboxes.audit.models import Entry
from mailboxes.backup import archive, schema, snapshot, write
from mailboxes.backup.tables import EMPTIED, LEFT_OUT, applied, own_models
from mailboxes.models import Mailbox
from tests.backup.conftest import ENV, dump, rows, run, using
from tests.conftest import PASSWORD, TESTER

UNUSUAL = (
    "INSERT INTO django_session VALUES ('k', 'd', '2030-01-01 00:00:00');",
    "INSERT INTO throttle_counter VALUES ('b', 3, 1);",
    "INSERT INTO throttle_knownclient VALUES ('b', 9223372036854775807);",
    "UPDATE auth_user SET last_login = '2026-01-02 03:04:05.000600', first_name = 'Zoë 😀\"''\\';",
    "INSERT INTO mfa_authenticator VALUES "
    "(7, 'totp', '{\"secret\": \"ü\"}', 1, '2026-01-01 00:00:00', NULL);",
)
UNUSUAL_MAIL = (
    "UPDATE mailbox SET active = 2, name = 'a\tb\\', totp_secret = 'JBSWY3DP', smtp_active = 0;",
    "INSERT INTO quota2 VALUES ('anna@example.org', 5000000000, 3);",
)


def fill(folder: Path) -> None:
    """Put into the databases what a panel contains that is in use, and unusual values."""
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    actions.create_mailbox(TESTER, Address.parse("anna@example.org"), PASSWORD, name="Ännä B")
    grant = Grant.objects.create(user=User.objects.get(), role="helpdesk")
    GrantedDomain.objects.create(grant=grant, domain="example.org")
    for statement in UNUSUAL:
        rows(folder, "default", statement)
    for statement in UNUSUAL_MAIL:
        rows(folder, "mail", statement)


@pytest.fixture
def filled(panel: Path) -> Path:
    fill(panel)
    return panel


@pytest.fixture
def backup(filled: Path) -> Path:
    run("backup", filled / "backup.tar.gz")
    return filled / "backup.tar.gz"


def rewritten(backup: Path, name: str, old: bytes, new: bytes) -> None:
    """Change one of the files in a backup; its manifest fits."""
    with backup.open("rb") as file:
        manifest = archive.examine(file)
        files = [(each, data) for each, data in archive.read(file) if each != archive.MANIFEST]
    with backup.open("wb") as file:
        writer = archive.Writer(file)
        for each, data in files:
            assert each != name or old in data
            writer.add(each, data.replace(old, new) if each == name else data)
        writer.finish(manifest)


def test_every_row_comes_back_but_sessions_and_attempts(filled: Path, other: Path) -> None:
    before, backup = dump(filled), filled / "backup.tar.gz"
    run("backup", backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert Entry.objects.latest("seq").action == "panel.backup"
    with using(other):
        output = run("restore", backup)
        assert run("verifylog").startswith("The log is intact.")
    after = dump(other)
    assert "The log is intact." in output
    assert after["mail"] == before["mail"]
    lost = before["default"] - after["default"]
    assert {line.split('"')[1] for line in lost} == {*EMPTIED, "audit_head", "sqlite_sequence"}
    added = after["default"] - before["default"]
    tables = {"audit_entry", "audit_subject", "audit_head", "sqlite_sequence"}
    assert {line.split('"')[1] for line in added} == tables
    assert any("'panel.restore'" in line for line in added)
    assert list(filled.glob(".*")) == [filled / ".env"]


def test_both_databases_are_frozen_at_the_same_moment(filled: Path) -> None:
    with snapshot.take(["default", "mail"]) as frozen:
        actions.create_mailbox(TESTER, Address.parse("bob@example.org"), PASSWORD)
        found = [row[3] for row in frozen["mail"].rows("mailbox", "username")][1:]
        entries = list(frozen["default"].rows("audit_entry", "seq"))
    assert found == ["anna@example.org"]
    assert len(entries) - 1 == rows(filled, "default", "SELECT max(seq) - 2 FROM audit_entry")[0][0]


def test_a_panel_in_use_is_only_replaced_if_that_was_asked_for(filled: Path, backup: Path) -> None:
    Mailbox.objects.create(username="new@example.org", domain_id="example.org")
    before = dump(filled)
    with pytest.raises(CommandError, match="there is something in the panel's own database and in"):
        run("restore", backup)
    assert dump(filled) == before
    run("restore", backup, "--replace")
    assert [row.pk for row in Mailbox.objects.all()] == ["anna@example.org"]
    run("restore", backup, "--check")


def inside(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Return what changes the bytes of a backup before they are compressed."""
    return lambda data: gzip.compress(gzip.decompress(data).replace(old, new))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda data: data[:-200], "damaged or incomplete"),
        (lambda data: data[:1000] + b"x" + data[1001:], "The file is not a|The backup is d"),
        (lambda data: b"no backup", "is not a backup"),
        (lambda data: b"", "is not a backup"),
        (inside(b"anna@", b"emma@"), r"\w+/\w+/000000.jsonl is not as it was written"),
        (inside(b'"mailbox": 1', b'"mailbox": 2'), "as many rows as it says"),
        (inside(b'"format": 1', b'"format": 2'), "in a format that this version doesn't know"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_changed(
    other: Path, backup: Path, damage: Callable[[bytes], bytes], sentence: str
) -> None:
    backup.write_bytes(damage(backup.read_bytes()))
    before = dump(other)
    with using(other):
        for options in ([], ["--check"]):
            with pytest.raises(CommandError, match=sentence):
                run("restore", backup, *options)
    assert dump(other) == before


def test_a_restore_that_fails_changes_neither_database(
    filled: Path, other: Path, backup: Path
) -> None:
    rewritten(backup, "mail/quota2/000000.jsonl", b"5000000000", b"null")
    before = dump(other)
    with using(other), pytest.raises(CommandError) as refused:
        run("restore", backup)
    assert "The backup was not restored: NOT NULL constraint failed: quota2.bytes" in str(
        refused.value
    )
    assert "the panel's own database is as it was before, and the mail database is" in str(
        refused.value
    )
    assert dump(other) == before


def test_a_missing_column_is_named(other: Path, backup: Path) -> None:
    rewritten(backup, "mail/quota2/000000.jsonl", b'"bytes"', b'"octets"')
    with using(other), pytest.raises(CommandError, match="“quota2” lacks the column “octets”"):
        run("restore", backup)


def test_a_backup_of_an_older_version_is_migrated(panel: Path, other: Path) -> None:
    newest = applied("default")
    older = [node for node in newest if node not in {("throttle", "0002_last_sign_in")}]
    schema.rebuild("default", older)
    columns = [row[1] for row in rows(panel, "default", "PRAGMA table_info(throttle_knownclient)")]
    assert applied("default") == older and "last_sign_in" not in columns
    rows(panel, "default", "INSERT INTO throttle_knownclient VALUES ('b', 5)")
    backup = panel / "old.tar.gz"
    with backup.open("wb") as file:
        file.writelines(write.write(["default", "mail"], write.new_manifest()))
    with using(other):
        run("restore", backup)
        assert applied("default") == newest
    found = rows(other, "default", "SELECT bucket, last_sign_in FROM throttle_knownclient")
    assert found == [("b", 5)]


def test_tables_of_an_app_that_was_removed_are_kept_for_the_way_back(panel: Path) -> None:
    rows(panel, "default", "CREATE TABLE axes_attempt (name)")
    rows(panel, "default", "INSERT INTO axes_attempt VALUES ('rita')")
    rows(panel, "default", "INSERT INTO django_migrations VALUES (999, 'axes', '0001_x', '')")
    output = run("backup", panel / "backup.tar.gz")
    assert "It doesn't contain the tables of axes, which this version" in output
    schema.rebuild("default", applied("default"))
    run("restore", panel / "backup.tar.gz", "--replace")
    found = rows(
        panel, "default", "SELECT * FROM axes_attempt, django_migrations WHERE app = 'axes'"
    )
    assert [(row[0], row[2], row[3]) for row in found] == [("rita", "axes", "0001_x")]


def test_a_backup_of_a_newer_version_is_refused(panel: Path, other: Path) -> None:
    rows(panel, "default", "INSERT INTO django_migrations VALUES (999, 'audit', '0099_x', '')")
    with pytest.raises(CommandError, match=r"newer version of mailadmin \(audit.0099_x\)"):
        run("backup", panel / "backup.tar.gz")
    assert not (panel / "backup.tar.gz").exists()


def test_tables_of_others_are_neither_backed_up_nor_replaced(
    filled: Path, other: Path, backup: Path
) -> None:
    for statement in ("DROP TABLE alias", "CREATE TABLE alias (address, goto)"):
        rows(other, "mail", statement)
    with using(other):
        with pytest.raises(CommandError, match=r"that the panel didn't create \(alias\)"):
            run("backup", other / "backup.tar.gz")
        with pytest.raises(CommandError, match="which are never replaced"):
            run("restore", backup, "--replace")
        Adoption.objects.create(
            database=str(other / "mail.sqlite3"), quota_multiplier=1, adopted=timezone.now()
        )
        call = Path(connections["mail"].settings_dict["NAME"])
        before = call.read_bytes()
        assert "doesn't contain the mail database" in run(
            "backup", other / "backup.tar.gz", "--panel-only"
        )
        run("restore", backup, "--panel-only", "--replace")
        assert call.read_bytes() == before


@pytest.fixture
def other_key(other: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    """The settings of a panel that deploy/run has set up: with another key and another database."""
    file = other / ".env"
    settings.SECRET_KEY = "another key, which is just as long and as secret as the first one"
    file.write_text(
        f"SECRET_KEY={settings.SECRET_KEY}\nMAIL_AUTH_PASSWORD=x\nDATABASE_URL=mysql://a:b@c/d\n"
    )
    file.chmod(0o640)
    monkeypatch.setenv("ENV_FILE", str(file))
    return file


def test_the_settings_of_the_backup_are_taken_over_if_that_was_asked_for(
    backup: Path, other: Path, other_key: Path
) -> None:
    old = other_key.read_text()
    with using(other):
        with pytest.raises(
            CommandError, match="another SECRET_KEY than this panel.*--take-settings"
        ):
            run("restore", backup)
        output = run("restore", backup, "--take-settings")
        assert "The log is intact." in output and "was changed" not in output
    expected = ENV.replace(
        "MAIL_AUTH_PASSWORD=\nDATABASE_URL=sqlite:///var/panel.sqlite3",
        "MAIL_AUTH_PASSWORD=x\nDATABASE_URL=mysql://a:b@c/d",
    )
    assert other_key.read_text() == expected != ENV
    assert stat.S_IMODE(other_key.stat().st_mode) == 0o640
    assert (other / ".env.before-restore").read_text() == old


def test_settings_that_are_kept_are_named_without_their_values(
    backup: Path, other: Path, other_key: Path
) -> None:
    with using(other):
        output = run("restore", backup, "--keep-settings")
    names = "ALLOWED_HOSTS, MAIL_AUTH_PASSWORD, SECRET_KEY."
    assert f"differ from the backup's and stay as they are: {names}" in output
    assert "panel.example.org" not in output and "If SECRET_KEY was changed" in output


def test_missing_settings_are_written(backup: Path, other: Path, other_key: Path) -> None:
    other_key.unlink()
    with using(other):
        run("restore", backup)
    assert other_key.read_text() == ENV and stat.S_IMODE(other_key.stat().st_mode) == 0o600


def test_a_folder_keeps_the_latest_backups(filled: Path) -> None:
    folder = filled / "backups"
    folder.mkdir()
    for name in ("mailadmin-2026-01-0{}-000000.tar.gz", "mailadmin-2026-01-0{}-000000.tar.gz.age"):
        for day in (1, 2, 3):
            (folder / name.format(day)).touch()
    (folder / "other.tar.gz").touch()
    assert run("backup", folder, "--keep", "2").count("Deleted") == 5
    kept = sorted(path.name for path in folder.iterdir())
    assert kept[0] == "mailadmin-2026-01-03-000000.tar.gz.age" and kept[2] == "other.tar.gz"
    with pytest.raises(CommandError, match="--keep requires a folder"):
        run("backup", folder, "--keep", "0")
    with pytest.raises(CommandError, match="--keep requires a folder"):
        run("backup", filled / "one.tar.gz", "--keep", "1")


def test_what_an_interrupted_backup_has_left_is_deleted(filled: Path) -> None:
    folder = filled / "backups"
    folder.mkdir()
    for place, name in ((filled, ".backup-old"), (folder, ".mailadmin-backup-old")):
        (place / name).mkdir() if place == filled else (place / name).touch()
        os.utime(place / name, (0, 0))
    (filled / ".backup-of-another-process").mkdir()
    run("backup", folder, "--keep", "1")
    assert [path.name for path in filled.glob(".backup*")] == [".backup-of-another-process"]
    assert len(list(folder.iterdir())) == 1


def test_a_backup_that_fails_is_mailed_if_that_was_asked_for(
    filled: Path, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.ADMINS = [("rita", "rita@example.org")]
    missing = filled / "missing" / "backup.tar.gz"
    for options in ([], ["--mail-errors"]):
        with pytest.raises(CommandError):
            run("backup", missing, *options)
    run("backup", filled / "backup.tar.gz", "--mail-errors")
    (message,) = mailoutbox
    assert message.subject.endswith(": the backup failed")
    assert f"can't be written to {missing}: No such file" in str(message.body)


def test_a_backup_is_written_whole_or_not_at_all(filled: Path, backup: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(CommandError, match="already exists. Choose another file"):
        run("backup", backup)
    with pytest.raises(CommandError, match="can't be written to .*: No such file or directory"):
        run("backup", filled / "missing" / "backup.tar.gz")
    rows(filled, "mail", "DROP TABLE quota2")
    with pytest.raises(CommandError, match="The table “quota2” is missing."):
        run("backup", filled / "half.tar.gz")
    assert backup.read_bytes() == before
    assert sorted(path.name for path in filled.iterdir() if "sqlite" not in path.name) == [
        *(".env", "backup.tar.gz"),
    ]


def test_every_table_of_the_panel_is_known(panel: Path) -> None:
    """New tables are in the backup without anyone having to think of it."""
    names = {model._meta.db_table for model in own_models("mail", applied("mail"))}
    mail = {"domain", "alias_domain", "mailbox", "alias", "quota2", "last_login"}
    assert names - LEFT_OUT == mail
