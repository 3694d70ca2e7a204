"""What the lines that Dovecot writes when it fails say about the cause, and what ends that."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailboxes.doctor import (
    dovecot,
    dovecot_causes,
    dovecot_log,
    dovecot_resort,
    dovecot_settings,
    words,
)
from mailboxes.doctor.access import Output, Runner
from mailboxes.doctor.dovecot_files import Changes, Setting
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import APPLY_AND_RESTART_BOTH
from tests.doctor.conftest import as_root, printing

BOTH = "systemctl restart dovecot postfix"
SSL = "imap-login: Error: Failed to initialize SSL server context: Can't load SSL"
LINES = {
    "auth: Fatal: sql /etc/dovecot/mailadmin-sql.conf.ext: Error in configuration file "
    "/etc/dovecot/mailadmin-sql.conf.ext line 22: Expecting '='": (
        "Line 22 of /etc/dovecot/mailadmin-sql.conf.ext is wrong: Expecting '='.",
        "d=$(mktemp -d)",
    ),
    "doveconf: Fatal: Error in configuration file /etc/dovecot/local.conf line 7: Unknown "
    "setting: nonsense": (
        "Line 7 of /etc/dovecot/local.conf is wrong: Unknown setting: nonsense.",
        f"sed -i '7s/^/#/' /etc/dovecot/local.conf && {BOTH}",
    ),
    "master: Fatal: service(lmtp) access(/usr/lib/dovecot/lmtp) failed: No such file or "
    "directory": (
        "The file /usr/lib/dovecot/lmtp is missing.",
        f"apt-get install --reinstall dovecot-lmtpd && {BOTH}",
    ),
    "auth: Fatal: sql: Unknown database driver 'mysql'": (
        "in the package dovecot-sqlite.",
        f"apt-get install --reinstall dovecot-sqlite && {BOTH}",
    ),
    "master: Error: service(imap-login): listen(*, 993) failed: Address already in use": (
        "Port 993 is used by stunnel4 (process 4711), so Dovecot can't start.",
        f"kill 4711 && timeout 10 tail --pid=4711 -f /dev/null && {BOTH}",
    ),
    "auth: Error: mysql(127.0.0.1): Connect failed to database ((null)): Access denied for user "
    "'x'@'localhost' (using password: YES) - waiting for 125 seconds before retry": (
        "The database refuses the account in Dovecot's files",
        "d=$(mktemp -d)",
    ),
    "auth: Fatal: No passdbs specified in configuration file. PLAIN mechanism needs one": (
        "sets a passdb",
        "d=$(mktemp -d)",
    ),
    f"{SSL} certificate (ssl_cert setting): The certificate is empty: user=<>, rip=::1": (
        "its key: Can't load SSL certificate (ssl_cert setting): The certificate is empty.",
        "ln -sf --backup=numbered /etc/ssl/certs/ssl-cert-snakeoil.pem /c && ",
    ),
    f"{SSL} certificate (ssl_cert setting): The file contains a private key (you've mixed ssl_cert "
    "and ssl_key settings): user=<>, rip=::1": (
        "can't use its certificate or its key",
        f"mv /c /c.key && mv /k /c && mv /c.key /k && {BOTH}",
    ),
    "auth: Error: open(/etc/dovecot/mailadmin-my.cnf) failed: Permission denied": (
        "no right to use /etc/dovecot/mailadmin-my.cnf.",
        "d=$(mktemp -d)",
    ),
    "imap(a@b)<7>: Error: Mailbox INBOX: mkdir(/var/vmail/b/a/tmp) failed: Permission denied "
    "(euid=5000(vmail) egid=5000(vmail) missing +w perm: /var/vmail/b, dir owned by 0:0)": (
        "no right to use /var/vmail/b/a/tmp.",
        "mkdir -p -m 0750 /var/vmail && ",
    ),
    "doveconf: Fatal: Error in configuration file /etc/dovecot/local.conf line 2: "
    "ssl_server_cert_file: open(/etc/ssl/gone.pem) failed: No such file or directory": (
        "Line 2 of /etc/dovecot/local.conf is wrong",
        f"sed -i '2s/^/#/' /etc/dovecot/local.conf && {BOTH}",
    ),
    "doveconf: Fatal: Error in configuration file /etc/dovecot/conf.d/10-ssl.conf line 12: "
    "ssl_cert: Can't open file /c: No such file or directory": (
        "can't use its certificate or its key",
        "ln -sf --backup=numbered /etc/ssl/certs/ssl-cert-snakeoil.pem /c && ",
    ),
    "doveconf: Fatal: Error in configuration file /etc/dovecot/dovecot.conf: default_login_user "
    "doesn't exist: dovenull": (
        "There is no user dovenull",
        f"adduser --system --group --no-create-home --home /nonexistent dovenull && {BOTH}",
    ),
    "master: Fatal: service(auth-worker) Group doesn't exist: mailauth (See service auth-worker { "
    "extra_groups } setting)": ("There is no group mailauth", "d=$(mktemp -d)"),
    "Can't open log file /nowhere/x.log: No such file or directory": (
        "Its log says: Can't open log file /nowhere/x.log: No such file or directory.",
        "d=$(mktemp -d)",
    ),
}


def logging(*lines: str) -> Runner:
    """Return what answers as the programs of a host whose Dovecot has logged these lines."""
    dated = [f"Nov 27 20:50:4{number} mail dovecot[9]: {line}" for number, line in enumerate(lines)]
    answers = {
        "journalctl": "\n".join(reversed(dated)),
        "ss": 'LISTEN 0 5 *:993 *:* users:(("stunnel4",pid=4711,fd=3))',
        "ps": "session-3.scope\n",
    }

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[:2] == ["doveconf", "-h"]:
            return Output(0, "</k" if "key" in command[2] else "</c", "")
        return Output(0, answers.get(command[0], ""), "")

    return run


@pytest.mark.parametrize(("line", "reason", "command"), [(line, *LINES[line]) for line in LINES])
def test_the_newest_line_that_names_a_cause_says_what_to_do(
    examination: Examination, line: str, reason: str, command: str
) -> None:
    older = "auth: Error: SELECT command denied to user 'x' for column 'quota' in table 'mailbox'"
    later = "auth: Error: auth client 0 disconnected with 3 pending requests: EOF"
    here = as_root(examination, logging(older, line, later))
    found = dovecot_causes.explain(here, "dovecot.socket", "It gives no answer.")
    assert found.seen.startswith("It gives no answer. ") and reason in found.seen
    assert found.remedy.command.startswith(command)
    assert found.detail.splitlines()[-1].endswith(later)


def test_what_the_log_says_is_repeated_where_its_cause_is_not_known(
    examination: Examination,
) -> None:
    here = as_root(
        examination, logging("auth: Fatal: out of luck", "master: Warning: Killed with signal 15")
    )
    here.dovecot_changes = Changes(added=[setting("listen")])
    found = dovecot_causes.explain(here, "dovecot.socket", "It gives no answer.")
    assert found.seen == "It gives no answer. Its log says: auth: Fatal: out of luck."
    assert found.remedy == APPLY_AND_RESTART_BOTH  # the panel's files aren't as exported
    here.broken.add("database")
    found = dovecot_causes.explain(here, "dovecot.socket", "It gives no answer.")
    assert found.remedy.command == "systemctl restart postfix"


def setting(name: str) -> Setting:
    return Setting((), name, "x", Path("/etc/dovecot/local.conf"), 3, 3)


def test_a_setting_without_a_line_is_found_by_its_name_or_the_path_that_is_not_there(
    examination: Examination, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dovecot.conf"
    path.write_text("log_path = /nowhere/x.log\ndefault_internal_user = gone\n")
    monkeypatch.setattr(dovecot_settings, "CONFIGURATION", path)
    error = f"doveconf: Fatal: Error in configuration file {path}: default_internal_user: gone\n"
    here = as_root(examination, lambda command, input="", user="": Output(89, "", error))
    mistake = dovecot.configuration_mistake(here)
    assert mistake and mistake.remedy.command == f"sed -i -e '2s/^/#/' {path} && {BOTH}"
    said = logging("Can't open log file /nowhere/x.log: No such file or directory")
    found = dovecot_causes.explain(as_root(examination, said), "dovecot.stopped", "Stopped.")
    assert found.seen == "Stopped. Dovecot can't use /nowhere/x.log."
    assert found.remedy.command == f"sed -i -e '1s/^/#/' {path} && {BOTH}"


@pytest.mark.parametrize("name", ["log_path", "info_log_path"])
@pytest.mark.parametrize("form", ["%b %d %H:%M:%S ", "%Y-%m-%dT%H:%M:%S+00:00 "])
def test_files_that_dovecot_logs_to_are_read(
    examination: Examination,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    form: str,
) -> None:
    log, path = tmp_path / "dovecot.log", tmp_path / "dovecot.conf"
    path.write_text(f"log_path = syslog\n{name} = {log}\nprotocol imap {{\nlog_path = /x\n}}\n")
    monkeypatch.setattr(dovecot_log, "CONFIGURATION", path)
    monkeypatch.setattr(dovecot_log, "LOCAL_TIME", tmp_path / "none")
    times = [datetime.fromtimestamp(examination.began - ago, UTC) for ago in (900, 60, 0)]
    old, new, now = (each.strftime(form) for each in times)
    denied = "auth: Error: open(/etc/dovecot/mailadmin-my.cnf) failed: Permission denied"
    log.write_text(f"{old}auth: Error: out of date\n{new}{denied}\n{now}auth: Info: fine\n")
    here = as_root(examination, printing(""))
    assert dovecot_causes.lines(here) == [new + denied]
    found = dovecot_causes.explain(here, "dovecot.socket", "It gives no answer.")
    assert "no right to use /etc/dovecot/mailadmin-my.cnf" in found.seen
    assert words.log(here, words.MAIL, words.LATELY) == new + denied
    assert words.log(here, words.MAIL) == ""  # it is older than the examination
    log.unlink()
    assert dovecot_causes.lines(here) == []


def test_only_lines_since_the_last_start_are_read(examination: Examination) -> None:
    asked: list[Sequence[str]] = []
    started = examination.began - 60

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        asked.append(command)
        return Output(0, f"@{started}\n" if command[0] == "systemctl" else "", "")

    dovecot_causes.lines(as_root(examination, run))
    assert f"--since=@{started}" in asked[-1]
    started = examination.began - 10_000
    dovecot_causes.lines(as_root(examination, run))
    assert f"--since=@{examination.began - words.LATELY_SECONDS}" in asked[-1]


def test_a_socket_is_closed_by_the_administrators_settings(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dovecot_resort, "is_as_exported", lambda _examination: True)
    line = "imap: Error: net_connect_unix(/run/dovecot/dict) failed: Permission denied (euid=5000)"
    here = as_root(examination, logging(line))
    here.dovecot_changes = Changes(added=[setting("service dict/mode")])
    found = dovecot_causes.explain(here, "delivery.usage", "It isn't written.")
    assert found.remedy.command == f"sed -i -e '3s/^/#/' /etc/dovecot/local.conf && {BOTH}"
