"""The doctor for a timer: what is stored, and that a change is told once."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from mailboxes import actions, texts
from mailboxes.access.scope import Scope
from mailboxes.audit.actors import COMMAND, Actor
from mailboxes.deployment import examinations
from mailboxes.deployment.models import LastExamination
from mailboxes.deployment.states import State
from mailboxes.doctor import chain
from mailboxes.doctor.finding import Finding, Hop, HopResult, broken, working
from mailboxes.doctor.remedies import Remedy
from mailboxes.doctor.report import as_values, from_values
from mailboxes.errors import Refused
from mailboxes.management.watching import report_change
from mailboxes.models import Domain
from tests.conftest import TESTER

STOPPED = broken("saslauthd.stopped", "It isn't running.", Remedy("Start it:", "systemctl start x"))
BROKEN = [
    HopResult(Hop("pam", "PAM"), [working("pam", "PAM works.")], 41),
    HopResult(Hop("saslauthd", "saslauthd"), [STOPPED]),
]
WORKING = BROKEN[:1]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    """A folder for what was last reported, and an administrator to report it to."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    settings.ADMINS = [("ops", "ops@example.net")]
    return tmp_path / "last-change.json"


def report(verdict: State) -> None:
    report_change("mail.example.test", verdict, BROKEN if verdict == State.BROKEN else WORKING)


def test_a_change_is_logged_and_mailed_once_and_so_is_the_change_back(
    mailoutbox: list[EmailMessage], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for verdict in ("working", "broken", "broken", "not checked", "broken", "warning", "working"):
        report(State(verdict))
    assert [message.subject for message in mailoutbox] == [
        "[mailadmin] mail.example.test: broken: saslauthd",
        "[mailadmin] mail.example.test: working again",
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "mail.example.test: broken: saslauthd",
        "mail.example.test: working again",
    ]
    assert mailoutbox[0].to == ["ops@example.net"]
    body = str(mailoutbox[0].body)
    assert "It isn't running." in body and "systemctl start x" in body and "PAM" not in body


def test_what_cannot_be_mailed_is_mailed_later(
    mailoutbox: list[EmailMessage], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    locmem = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    report(State.BROKEN)
    assert "could not be mailed to ADMINS" in caplog.text and mailoutbox == []
    settings.EMAIL_BACKEND = locmem
    for _ in range(2):
        report(State.WORKING)
    assert [message.subject for message in mailoutbox] == [
        "[mailadmin] mail.example.test: working again"
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"other": 1}'])
def test_a_damaged_file_is_taken_for_none(
    mailoutbox: list[EmailMessage], state: Path, text: str
) -> None:
    state.write_text(text)
    report(State.BROKEN)
    assert len(mailoutbox) == 1 and json.loads(state.read_text())["is_broken"]


def test_the_file_is_replaced_as_a_whole(
    mailoutbox: list[EmailMessage], state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(State.BROKEN)
    before = state.read_text()
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        report(State.WORKING)
    assert state.read_text() == before


def interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_without_administrators_it_is_only_logged(
    mailoutbox: list[EmailMessage], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ADMINS = []
    report(State.BROKEN)
    assert mailoutbox == [] and "mail.example.test: broken: saslauthd" in caplog.text


def test_the_command_stores_what_it_finds_and_tells_it(
    domain: Domain, mailoutbox: list[EmailMessage], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with pytest.raises(CommandError, match="Something is broken") as stopped:
            call_command("doctor", "--watch")
        assert stopped.value.returncode == 1
    row = LastExamination.objects.get()
    assert row.verdict == "broken" and row.reported == row.examined
    results = from_values(row.hops)
    seen = [found["seen"] for hop in row.hops for found in hop["findings"]]
    assert seen and not [text for text in seen if isinstance(text, str)]  # all in any language
    assert results[0].hop.code == "database" and results[0].state == State.WORKING
    assert as_values(results, texts.source) == row.hops
    assert len(mailoutbox) == 1 and "Port 25 " in str(mailoutbox[0].body)
    printed = capsys.readouterr().out
    assert "broken: Port 25 " in printed and "The panel can read" not in printed


def crash(*arguments: object) -> Iterator[Finding]:
    yield STOPPED
    raise KeyError("a mistake")


def test_a_mistake_in_the_doctor_is_told_and_is_not_taken_for_an_examination(
    domain: Domain, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (chain.STEPS[0], chain.Step(Hop("new", "New"), crash))
    monkeypatch.setattr(chain, "STEPS", steps)
    with pytest.raises(CommandError) as stopped:
        call_command("doctor", "--watch")
    assert stopped.value.returncode == 2
    assert LastExamination.objects.get().verdict == "broken"
    assert "error in the panel: KeyError: 'a mistake'" in str(mailoutbox[0].body)


def fail(*arguments: object) -> None:
    raise KeyError("a mistake")


def test_a_mistake_beside_the_hops_has_the_same_status(
    domain: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(chain, "examine", fail)
    with pytest.raises(CommandError, match="KeyError") as stopped:
        call_command("doctor")
    assert stopped.value.returncode == 2 and "a mistake" in caplog.text


def test_a_panel_without_its_own_database_still_examines(
    domain: Domain, mailoutbox: list[EmailMessage], capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = {
        "deployment_lastexamination": "The result can't be stored for the panel's pages",
        "django_migrations": "The panel can't read its own database: no such table",
    }
    for table, sentence in outcomes.items():
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {table}")
        with pytest.raises(CommandError, match="Something is broken") as stopped:
            call_command("doctor", "--watch")
        assert stopped.value.returncode == 1
        assert sentence in "".join(capsys.readouterr())
    assert len(mailoutbox) == 1


def remember(verdict: str = "working", machine: str = "mail", by_timer: bool = True) -> None:
    found = LastExamination(machine=machine, verdict=verdict)
    actions.remember_examination(TESTER, found, by_timer)


def age(minutes: int, machine: str = "mail") -> None:
    then = timezone.now() - timedelta(minutes=minutes)
    row = LastExamination.objects.get(pk=machine)
    row.examined, row.reported = then, row.reported and then
    row.save()


def test_only_those_who_may_examine_may_store(tables: None) -> None:
    with pytest.raises(Refused):
        actor = Actor(COMMAND, "x", "x", Scope.of_owner("anna@example.org"))
        actions.remember_examination(actor, LastExamination(machine="mail"), True)
    assert not LastExamination.objects.exists()


def test_the_worst_report_of_the_last_hour_is_shown(tables: None) -> None:
    assert examinations.read().current is None
    remember("broken", "mail")
    remember("working", "panel")
    assert getattr(examinations.read().current, "machine", "") == "mail"
    age(61, "mail")
    assert getattr(examinations.read().current, "machine", "") == "panel"


def test_a_timer_that_falls_silent_is_noticed_until_somebody_has_looked(tables: None) -> None:
    remember()
    age(59)
    assert examinations.read().silent_since is None
    remember(by_timer=False)
    assert LastExamination.objects.get().reported is not None
    age(61)
    assert examinations.read().silent_since is not None
    remember(by_timer=False)
    assert examinations.read().silent_since is None
