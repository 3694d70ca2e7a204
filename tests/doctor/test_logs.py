"""Log lines that real daemons wrote when they were broken, and lines that nobody should write.

The files in logs/ were written by mail hosts of both variants and releases while what the comments
say was broken in them.
"""

import io
import time
from pathlib import Path

import pytest
from django.test import Client

from mailboxes.conf import mail_host
from mailboxes.deployment.states import State
from mailboxes.doctor.finding import Finding, HopResult
from mailboxes.doctor.logs import MAX_CHARACTERS, MAX_LENGTH, MAX_LINES, read_log, tail
from mailboxes.doctor.signatures import SIGNATURES
from mailboxes.models import Mailbox

LOGS = Path(__file__).with_name("logs")
PAGE = "/admin/doctor/log/"
MISMATCH = (
    "Nov 27 12:{:02}:00 mail dovecot[9]: auth: sql(anna@example.org,127.0.0.1): Password mismatch"
)


def sections(name: str) -> dict[str, tuple[set[str], str]]:
    """Return the codes and the lines of each section of a file, by what was broken."""
    found = {}
    for section in LOGS.joinpath(f"{name}.log").read_text().removeprefix("# ").split("\n# "):
        head, _newline, lines = section.partition("\n")
        title, _colon, codes = head.rpartition(": ")
        found[title] = (set(codes.split()), lines)
    return found


def read(text: str) -> HopResult:
    return read_log(text, mail_host())


def causes(text: str) -> dict[str, Finding]:
    findings = {finding.code: finding for finding in read(text).findings}
    return {code: each for code, each in findings.items() if not code.startswith("log.")}


@pytest.mark.parametrize("name", ["debian12-v1", "debian12-v2", "debian13-v1", "debian13-v2"])
def test_what_was_broken_is_named(tables: None, name: str) -> None:
    found = {title: (set(causes(lines)), lines) for title, (_, lines) in sections(name).items()}
    assert len(found) > 20
    assert found == sections(name)


def test_each_signature_says_what_to_do() -> None:
    assert [each.code for each in SIGNATURES if not each.remedy_on(mail_host()).advice] == []


def test_one_cause_is_one_finding_with_its_lines_and_times(tables: None) -> None:
    found = causes("\n".join(MISMATCH.format(minute % 60) for minute in range(400)))
    assert set(found) == {"dovecot.password"}
    first, sample = found["dovecot.password"].detail.splitlines()
    assert first == "400 lines: Nov 27 12:00:00 to Nov 27 12:39:00"
    assert sample == MISMATCH.format(0)


@pytest.mark.parametrize("time", ["2026-11-27T12:03:24.123456+00:00", "2026-11-27 12:03:24"])
def test_times_of_other_forms_are_shown_as_they_stand(tables: None, time: str) -> None:
    line = f"{time} {MISMATCH.format(0)[16:]}"
    assert causes(line)["dovecot.password"].detail.startswith(f"1 line: {time.partition('+')[0]}\n")


@pytest.mark.parametrize(
    "line",
    [
        MISMATCH.format(0),
        "dovecot: imap-login: Disconnected (auth failed, 1 attempts): user=<Anna@example.org>",
        "SASL PLAIN authentication failed: x, sasl_username=anna@example.org",
        "auth failure: [user=anna] [service=smtp] [realm=example.org] [mech=pam] [reason=PAM auth",
    ],
)
def test_a_mailbox_is_named_if_it_exists(anna: Mailbox, line: str) -> None:
    (finding,) = causes(f"{line}\n{line.replace('nna', 'nton')}").values()
    assert finding.mailboxes == (anna.pk,)


def test_unknown_lines_are_counted_and_a_log_without_causes_is_in_order(tables: None) -> None:
    assert read("a\n\nb").state == State.WORKING
    (unknown,) = read("a\n\nb").findings
    assert unknown.seen == "2 lines were read; none matches a known fault."
    assert read(" \n").state == State.NOT_CHECKED
    (_, unknown) = read(f"a\n{MISMATCH.format(0)}").findings
    assert unknown.seen == "1 of 2 lines matches no known fault."


def test_lines_about_an_examination_are_skipped(tables: None) -> None:
    line = MISMATCH.format(1).replace("anna@", "mailadmin-check-0123456789ab@")
    assert [finding.code for finding in read(line).findings] == ["log.empty"]


def test_what_is_left_out_is_said(tables: None) -> None:
    codes = [finding.seen for finding in read("\n".join("x" * (MAX_LINES + 7))).findings]
    assert codes[-1] == "7 older lines were left out."
    assert causes(f"{'x' * MAX_LENGTH}Password mismatch") == {}
    assert tail(io.BytesIO(b"y" + b"x" * MAX_CHARACTERS)) == "x" * MAX_CHARACTERS


def test_neither_passwords_nor_what_a_terminal_obeys_are_shown(tables: None) -> None:
    line = 'saslauthd[1]: pam_mysql - option users.db_passwd is set to "auth-password"'
    assert "auth-password" not in causes(line)["pam.verbose"].detail
    finding = causes("Password mismatch (given password: secret) \x1b]0;\u202e")["dovecot.password"]
    assert finding.detail.endswith("(given password")
    assert causes("\x1b[2J\u202e Password mismatch")["dovecot.password"].detail.endswith(
        "?[2J? Password mismatch"
    )
    long = causes("Password mismatch" + "x" * 5000)["dovecot.password"].detail
    assert len(long) < 320


@pytest.mark.parametrize("unit", ["@", "a@", "[user=a] [service=", "\n", "=", "SASL: Connect to "])
def test_no_text_takes_long(tables: None, unit: str) -> None:
    """A sign that is begun over and over, and addresses without an end."""
    start = time.process_time()
    read(f"Password mismatch {unit}\n" * 1000 + unit * (300_000 // len(unit)))
    assert time.process_time() - start < 2


def test_the_page_explains_what_is_pasted_and_links_to_the_mailbox(
    rita: Client, anna: Mailbox
) -> None:
    lines = f"{MISMATCH.format(0)} <script>alert(1)</script>"
    page = rita.post(PAGE, {"log": lines}).content.decode()
    assert "Somebody entered a wrong password." in page
    assert (
        '<a href="/admin/mailboxes/mailbox/anna_40example.org/change/">anna@example.org</a>' in page
    )
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page
