"""What Postfix says when it ends because of its files, and what ends that."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.doctor import delivery, maps, postfix_causes, submission, words
from mailboxes.doctor.access import Output, Runner
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.mail_queue import Queued
from mailboxes.export.render import render_bundle
from mailboxes.variants import V1
from tests.doctor.conftest import as_root
from tests.export.conftest import mail_host

RESTART = "systemctl restart postfix"
MASTER = "/usr/sbin/postconf: fatal: file /etc/postfix/master.cf: line 168: bad field count"


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("fatal: bad numerical configuration: default_process_limit = many", "default_process_"),
        ("fatal: bad boolean configuration: smtpd_client_port_logging = x", "smtpd_client_port"),
        ("fatal: parameter inet_interfaces: no local interface found for ::2", "inet_interfaces"),
        ("fatal: file /etc/postfix/main.cf: parameter biff: bad parameter value: b", "biff"),
        ("fatal: parameter queue_run_delay: bad time value or unit: soon", "queue_run_delay"),
        ("fatal: chdir(/var/spool/gone): No such file or directory", "queue_directory"),
        (MASTER, f"sed -i '168s/^/#/' /etc/postfix/master.cf && {RESTART}"),
        (
            "fatal: /etc/postfix/main.cf, line 104: missing '=' after attribute name: \"x\"",
            f"sed -i '104s/^/#/' /etc/postfix/main.cf && {RESTART}",
        ),
    ],
)
def test_a_fatal_error_says_which_setting_or_line_is_to_be_mended(
    examination: Examination, line: str, command: str
) -> None:
    later = "postfix/postlog: fatal: cannot execute /usr/sbin/postconf!"
    here = as_root(examination, lambda command, input="", user="": Output(1, "", ""))
    found = postfix_causes.find(here, [line if line == MASTER else f"postfix: {line}", later])
    assert found and line.partition("fatal: ")[2] in found.reason
    expected = command if command.startswith("sed") else f"postconf -X {command}"
    assert found.remedy.command.startswith(expected) and found.remedy.command.endswith(RESTART)
    assert postfix_causes.find(here, [later, f"smtpd[9]: NOQUEUE: helo=<{line}>"]) is None


def setting(examination: Examination, lines: str) -> Examination:
    """Return an examination by root of a host with these lines in main.cf."""
    here = replace(examination, host=mail_host())
    return as_root(here, lambda command, input="", user="": Output(0, lines, ""))


@pytest.mark.parametrize(
    ("line", "lines", "removed"),
    [
        (
            "file /etc/postfix/main.cf: parameters default_privs and mail_owner specify the same",
            "myhostname = a\nmail_owner = nobody\n",
            "mail_owner",
        ),
        (
            "maillog_file value '/x' does not match any prefix in maillog_file_prefixes",
            "maillog_file = /x\n",
            "maillog_file",
        ),
        (
            "/usr/lib/postfix/postfix-script: No such file or directory",
            "x_path = /b\ndaemon_directory = /usr/lib/postfix\n",
            "daemon_directory",
        ),
        ("parameters default_privs and mail_owner specify the same", "myhostname = a\n", ""),
    ],
)
def test_of_the_settings_in_an_error_that_of_the_administrator_is_removed(
    examination: Examination, line: str, lines: str, removed: str
) -> None:
    found = postfix_causes.find(setting(examination, lines), [f"postfix: fatal: {line}"])
    assert (found.remedy.command if found else "") == (
        f"postconf -X {removed} && {RESTART}" if removed else ""
    )


def test_a_program_that_nobody_may_run_is_let_run_again(
    examination: Examination, tmp_path: Path
) -> None:
    smtpd = tmp_path / "smtpd"
    smtpd.touch(0o644)
    said = [f"master[9]: fatal: master_spawn: exec {smtpd}: Permission denied"]
    found = postfix_causes.find(setting(examination, ""), said)
    assert found and found.remedy.command == f"chmod a+rx {smtpd} && {RESTART}"
    assert postfix_causes.is_current(examination, found)
    smtpd.chmod(0o755)
    assert not postfix_causes.is_current(examination, found)
    assert postfix_causes.find(setting(examination, ""), said) is None


def test_a_setting_of_the_panels_is_never_removed(examination: Examination) -> None:
    line = "fatal: in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify"
    main = next(file for file in render_bundle(mail_host()) if file.path == "postfix/main.cf")
    assert postfix_causes.find(setting(examination, main.text), [f"postfix: {line}"]) is None
    other = main.text.replace("reject_unauth_destination", "permit")
    found = postfix_causes.find(setting(examination, other), [f"postfix: {line}"])
    assert found and found.remedy.command.startswith("postconf -e ")


def test_of_two_settings_that_do_not_fit_the_panels_is_set_again(
    examination: Examination,
) -> None:
    line = "main.cf configuration error: message_size_limit is above virtual_mailbox_limit"
    host = mail_host(V1)
    main = next(file for file in render_bundle(host) if file.path == "postfix/main.cf")
    text = f"{main.text}\nmessage_size_limit = 100\nvirtual_mailbox_limit = 50\n"
    runner = logging(f"fatal: {line}", Output(0, text, ""))
    here = as_root(replace(examination, host=host), runner)
    queued = [Queued("active", "A", 0, {"a@b": ""})]
    found = delivery.undelivered(here, queued, None)
    assert found.code == "delivery.fatal" and f"It says: {line}." in found.seen
    command = "postconf -e 'virtual_mailbox_limit = 0' && systemctl restart postfix"
    assert found.remedy.command == f"{command}; postsuper -r ALL"
    here.broken.add("maps")
    assert delivery.undelivered(here, queued, None).code == "delivery.slow"


def logging(line: str, postconf: Output) -> Runner:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        if command[0] == "postconf":
            return postconf
        return Output(1, f"Nov 27 22:10:44 mail postfix/smtpd[9]: {line}\n", MASTER)

    return run


def test_the_hops_use_it(examination: Examination) -> None:
    fails = as_root(examination, logging(MASTER.partition(": ")[2], Output(1, "", "")))
    stopped = maps.why_stopped(fails)
    assert stopped.seen.startswith("Postfix isn't running. It says: file /etc/postfix/master.cf: ")
    assert stopped.remedy == submission.last_resort(fails)


def test_what_has_been_mended_since_is_not_mended_again(examination: Examination) -> None:
    line = "fatal: bad boolean configuration: smtpd_x = maybe"
    here = as_root(examination, logging(line, Output(0, "smtpd_x = maybe\n", "")))
    assert submission.last_resort(here).command == f"postconf -X smtpd_x && {RESTART}"
    for said in (line, MASTER.partition(": ")[2]):
        mended = as_root(examination, logging(said, Output(0, "", "")))
        assert postfix_causes.lately(mended) is None


def test_a_fatal_error_is_found_behind_the_warnings_of_many_clients(
    examination: Examination,
) -> None:
    """With --since, journalctl of Debian 12 gives the first lines, not the newest."""
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        asked.append(command)
        return Output(0, "mail a[1]: newest\nmail a[1]: older\n", "")

    here = as_root(examination, run)
    assert words.log(here, words.MAIL) == "mail a[1]: older\nmail a[1]: newest"
    postfix_causes.lately(here)
    assert {"--reverse", "--priority=crit"} <= set(asked[-1])
