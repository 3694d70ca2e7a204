"""Which settings of the administrator's files undo the panel's, and the lines that set them."""

import subprocess
from pathlib import Path

import pytest

from mailboxes.deployment.states import State
from mailboxes.doctor import dovecot_settings
from mailboxes.doctor.dovecot_files import Changes, read
from mailboxes.doctor.dovecot_settings import (
    find_changes,
    findings,
    remedy,
    undo,
)
from mailboxes.doctor.remedies import APPLY_AND_RESTART_BOTH

OURS = """\
protocols {
  imap = yes
  lmtp = yes
}
ssl = required
mail_path = ~
passdb mailadmin {
  driver = sql
}
service auth {
  unix_listener private/auth {
    mode = 0660
  }
}
"""
STOCK = {
    "dovecot.conf": "!include conf.d/*.conf\n!include_try local.conf\n!include_try gone.conf\n",
    "conf.d/10-auth.conf": "!include auth-system.conf.ext\n",
    "conf.d/auth-system.conf.ext": "passdb pam {\n}\n",
    "conf.d/10-ssl.conf": "ssl = yes\nprotocol lmtp {\n  ssl = yes\n}\n",
}


@pytest.fixture
def dovecot(tmp_path: Path) -> Path:
    """The files of a host as `apply` leaves them, beside Debian's."""
    for folder in ("stock", "etc"):
        for name, text in STOCK.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    etc = tmp_path / "etc"
    etc.joinpath("conf.d/10-auth.conf").write_text("#!include auth-system.conf.ext\n")
    etc.joinpath("conf.d/99-mailadmin.conf").write_text(OURS)
    return etc


def changes(dovecot: Path, *, kept: bool = False) -> Changes:
    stock = read(dovecot.with_name("stock") / "dovecot.conf")
    return find_changes(read(dovecot / "dovecot.conf"), stock, kept)


def undone(dovecot: Path, *, kept: bool = False) -> list[str]:
    return [setting.title for setting, _wanted in changes(dovecot, kept=kept).undone]


def test_a_host_as_apply_leaves_it_has_no_other_settings(dovecot: Path) -> None:
    found = changes(dovecot)
    assert found == Changes() and not list(findings(found))
    assert remedy(found, is_as_exported=True) == APPLY_AND_RESTART_BOTH


@pytest.mark.parametrize(
    ("file", "text", "titles"),
    [
        ("99-zlocal.conf", "ssl=no", ["ssl"]),
        ("99-zlocal.conf", "ssl = yes", ["ssl"]),  # Debian's, but read after ours
        ("99-zlocal.conf", 'ssl = "required" # as ours', []),
        ("99-zlocal.conf", "# ssl = no", []),
        ("50-local.conf", "ssl = no", []),  # ours is read later
        ("../local.conf", "mail_path = \\\n  /x", ["mail_path"]),
        ("50-local.conf", "protocol imap {\n ssl = no\n}", ["protocol imap/ssl"]),
        ("05-own.conf", "passdb static {\n fields {\n  nopassword = yes\n }\n}", ["passdb static"]),
        ("05-own.conf", "passdb {\n driver = static\n}", ["passdb"]),
        ("99-zlocal.conf", "passdb mailadmin {\n driver = pam\n}", None),
        ("05-own.conf", "!include auth-system.conf.ext", ["passdb pam"]),
        ("99-zlocal.conf", "protocols = imap", ["protocols"]),
        ("99-zlocal.conf", "protocols = imap lmtp pop3", []),
        ("99-zlocal.conf", "protocols {\n lmtp = no\n}", ["protocols/lmtp"]),
        ("05-own.conf", "namespace inbox {\n mail_path = /x\n}", ["namespace inbox/mail_path"]),
        (
            "99-zlocal.conf",
            "service auth {\n unix_listener private/auth {\n  mode = 0600\n }\n}",
            ["service auth/unix_listener private/auth/mode"],
        ),
    ],
)
def test_what_wins_against_the_panels_settings_is_named_and_its_command_ends_it(
    dovecot: Path, file: str, text: str, titles: list[str] | None
) -> None:
    dovecot.joinpath("conf.d", file).write_text(f"\n{text}\n")
    found = undone(dovecot)
    assert found == titles if titles is not None else "passdb mailadmin/driver" in found
    if found:
        command = undo(setting for setting, _wanted in changes(dovecot).undone).command
        subprocess.run(["sh", "-c", command.partition(" && systemctl")[0]], check=True)
        assert undone(dovecot) == []


def test_beside_other_users_only_what_the_panels_last_file_sets_can_be_undone(
    dovecot: Path,
) -> None:
    dovecot.joinpath("conf.d/00-mailadmin.conf").write_text("auth_mechanisms = plain login\n")
    own = "auth_mechanisms = plain\npassdb own {\n driver = static\n}\nmail_path = /srv\n"
    dovecot.joinpath("conf.d/zz-own.conf").write_text(f"{own}log_path = /x\n")
    found = changes(dovecot, kept=True)
    assert [setting.title for setting, _wanted in found.undone] == ["mail_path"]
    assert found.added == []


def test_a_finding_shows_value_and_place_but_no_password(dovecot: Path) -> None:
    text = "ssl = no\nservice imap-login {\n my_password = hidden\n}\n"
    dovecot.joinpath("conf.d/99-zlocal.conf").write_text(text)
    found = changes(dovecot)
    (finding,) = findings(found)
    path = dovecot / "conf.d/99-zlocal.conf"
    assert finding.state == State.WARNING
    assert finding.detail == f"{path}:1: ssl is “no” instead of “required”"
    assert "hidden" not in str(remedy(Changes(added=found.added), is_as_exported=True))


def test_mail_that_is_looked_for_elsewhere_is_broken(dovecot: Path) -> None:
    dovecot.joinpath("local.conf").write_text("mail_path = ~/other\n")
    (finding,) = findings(changes(dovecot))
    assert (finding.state, changes(dovecot).concern_storage) == (State.BROKEN, True)


def test_what_nobody_but_the_administrator_sets_may_be_the_cause(dovecot: Path) -> None:
    quota = "quota_a = 1\nquota_b = 2\nquota_c = 3\n"
    harmless = "mail_debug = yes\nlog_path = /x\nauth_failure_delay = 0\n"
    text = f"listen = 192.0.2.1\n{harmless}{quota}"
    dovecot.joinpath("local.conf").write_text(text)
    found = changes(dovecot)
    assert [setting.name for setting in found.added] == ["listen", "quota_a", "quota_b", "quota_c"]
    assert remedy(found, is_as_exported=False) == APPLY_AND_RESTART_BOTH
    resort = remedy(found, is_as_exported=True)
    assert f"listen = 192.0.2.1 ({dovecot / 'local.conf'}:1)" in str(resort.advice)
    assert "1 more" in str(resort.advice)
    assert resort.command.startswith("sed -i -e '1s/^/#/' -e '5s/^/#/'")


def test_settings_of_plugins_may_be_the_cause_if_there_are_no_others(dovecot: Path) -> None:
    own = dovecot / "local.conf"
    own.write_text("log_path = /x\nplugin {\n  quota_rule = *:bytes=1\n}\n")
    assert "sed -i -e '3s/^/#/'" in remedy(changes(dovecot), is_as_exported=True).command
    own.write_text(f"{own.read_text()}listen = 192.0.2.1\n")
    assert "sed -i -e '5s/^/#/'" in remedy(changes(dovecot), is_as_exported=True).command


@pytest.mark.parametrize("line", ["", "#!include conf.d/*.conf\n", "# !include conf.d/*.conf\n"])
def test_a_file_that_dovecot_does_not_read_is_named(
    dovecot: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    main = dovecot / "conf.d/99-mailadmin.conf"
    configuration = dovecot / "dovecot.conf"
    monkeypatch.setattr(dovecot_settings, "MAIN", main)
    monkeypatch.setattr(dovecot_settings, "CONFIGURATION", configuration)
    monkeypatch.setattr(dovecot_settings, "STOCK", dovecot.with_name("stock") / "dovecot.conf")
    assert dovecot_settings.examine()[1] == []
    configuration.write_text(f"ssl = yes\n{line}")
    (finding,) = dovecot_settings.examine()[1]
    assert finding.code == "dovecot.included"
    command = finding.remedy.command.partition(" && systemctl")[0]
    subprocess.run(["sh", "-c", command], check=True)
    assert dovecot_settings.examine()[1] == []
    assert not line or "\n!include conf.d/*.conf\n" in configuration.read_text()


def test_a_file_that_includes_itself_is_read_to_an_end(tmp_path: Path) -> None:
    path = tmp_path / "loop.conf"
    path.write_text("ssl = no\n!include loop.conf\n")
    assert {setting.name for setting in read(path)} == {"ssl"}
