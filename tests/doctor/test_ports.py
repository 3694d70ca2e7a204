"""What port 25 answers to mail for others, and what that means."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mailboxes.conf import mail_host
from mailboxes.doctor import listeners, ports, reach
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.ports import recipient_finding
from mailboxes.models import Domain
from tests.doctor.conftest import as_root, printing

DENIED = b"4.7.1 <nobody@invalid.invalid>: Relay access denied"
OK = (250, b"Ok")


@pytest.mark.parametrize(
    ("setting", "foreign", "code"),
    [
        ("no", 554, "ports.25"),
        ("no", 451, "ports.25.lookup"),
        ("yes", 454, "ports.25.soft_bounce"),
        ("no", 250, "ports.25.relay"),
        ("no", 530, "ports.25.tls"),
    ],
)
def test_a_refusal_for_now_is_told_from_a_lookup_that_fails(
    examination: Examination, setting: str, foreign: int, code: str
) -> None:
    here = replace(as_root(examination, printing(f"{setting}\n")), login=Login("a@b", "x"))
    assert recipient_finding(here, (foreign, DENIED), OK, OK).code == code
    assert here.accepting == ({25} if code == "ports.25" else set())


@pytest.mark.usefixtures("mail_file")
def test_an_open_relay_is_closed_with_the_panels_settings(examination: Examination) -> None:
    changed = printing("smtpd_relay_restrictions = permit_mynetworks\n")
    here = as_root(replace(examination, host=mail_host()), changed)
    command = recipient_finding(here, OK, OK, OK).remedy.command
    assert command.startswith("postconf -e ") and "smtpd_relay_restrictions = " in command


def test_soft_bounce_does_not_hide_a_lookup_that_fails(examination: Examination) -> None:
    def run(command: Sequence[str], input: str = "", user: str = "") -> Output:
        return Output(0, "yes\n", "")

    here = as_root(examination, run)
    here.broken.add("maps")
    assert recipient_finding(here, (451, DENIED), (451, b""), OK).code == "ports.25.lookup"


def test_greylisting_is_no_fault(examination: Examination) -> None:
    here = replace(as_root(examination, printing("no\n")), login=Login("a@b", "x"))
    greylisted = (450, b"4.2.0 <a@b>: Greylisted for 300 s")
    found = recipient_finding(here, (554, DENIED), greylisted, greylisted)
    assert (found.code, found.state, here.accepting) == ("ports.25", "not checked", set())


def test_an_alias_that_is_refused_is_named(examination: Examination) -> None:
    here = replace(as_root(examination, printing("no\n")), login=Login("a@b", "x"))
    found = recipient_finding(here, (554, DENIED), OK, (550, b"5.1.1 User unknown"))
    assert (found.code, found.state, here.accepting) == ("ports.25.alias", "broken", set())


@pytest.mark.parametrize(
    ("postconf", "fetches", "relayed", "state"),
    [
        ("", False, False, "broken"),
        ("[relay.example.net]\n\n\n", False, False, "warning"),  # it sends by a smarthost
        ("", True, False, "warning"),
        ("", False, True, "warning"),  # no mail is for this host itself
    ],
)
def test_a_port_25_that_is_only_open_here_is_broken_unless_mail_comes_otherwise(
    examination: Examination,
    domain: Domain,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postconf: str,
    fetches: bool,
    relayed: bool,
    state: str,
) -> None:
    monkeypatch.setattr(listeners, "only_here", lambda port: port == 25)
    monkeypatch.setattr(reach, "FETCHMAIL", tmp_path)
    if not fetches:
        monkeypatch.setattr(reach, "FETCHMAIL", tmp_path / "gone")
    if relayed:
        Domain.objects.update(transport="relay:[192.0.2.1]")
    (found,) = ports.only_here(as_root(examination, printing(postconf)), [25, 587])
    assert (found.code, found.state) == ("ports.local", state)
    assert found.remedy.command == "postconf -e inet_interfaces=all && systemctl restart postfix"
    assert found.seen.startswith("Only this machine itself can connect to these ports: 25.")
    (seen_by_the_panel,) = ports.only_here(examination, [25])
    assert seen_by_the_panel.state == "warning"


def test_an_address_in_the_line_of_port_25_is_taken_out(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "only_here", lambda port: True)
    here = as_root(examination, printing("127.0.0.1:smtp  inet  n - y - - smtpd\n"))
    (found,) = ports.only_here(here, [25])
    assert found.remedy.command.startswith("sed -i -E 's/^(127")
    here = as_root(examination, printing("127.0.0.1:10025  inet  n - y - - smtpd\n"))
    (found,) = ports.only_here(here, [25])
    assert found.remedy.command.startswith("postconf -e inet_interfaces=all")
