"""Interrupted actions are compared with the tables to find out what took place."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from mailboxes import actions
from mailboxes.actions.activation import save_active
from mailboxes.actions.base import subject_of
from mailboxes.actions.interrupted import settle_open_entries
from mailboxes.actions.renaming import plan_renaming, subjects
from mailboxes.addresses import Address
from mailboxes.audit import chain, wording
from mailboxes.audit.entries import Logged, read, visible
from mailboxes.audit.log import recorded
from mailboxes.audit.models import Entry, OpenEntry, Phase, Subject
from mailboxes.models import Domain, Mailbox
from tests.conftest import TESTER


class Killed(BaseException):
    """The process ends here."""


def interrupt(action: str, row: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Killed), recorded(TESTER, action, row):
        raise Killed
    monkeypatch.setattr("mailboxes.actions.interrupted.PATIENCE", timedelta(0))


def settled() -> str:
    """Return the counts of the one entry that is settled."""
    return newest().text


def newest() -> Logged:
    assert settle_open_entries() == 1 and not OpenEntry.objects.exists()
    assert chain.verify() is None
    [found] = read(list(visible()[:1]))
    assert found.outcome == Phase.SETTLED
    return found


@pytest.mark.finding("log-gap")
@pytest.mark.parametrize("committed", [True, False])
def test_an_interrupted_change_is_compared_with_its_row(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    interrupt("mailbox.disable", subject_of(anna, {"active": [True, False]}), monkeypatch)
    if committed:
        save_active(anna, False, TESTER.scope)
    assert settled() == ("1 0 0" if committed else "0 1 0")


@pytest.mark.finding("log-gap")
@pytest.mark.parametrize(("verb", "expected"), [("create", "1 0 0"), ("delete", "0 1 0")])
def test_an_interrupted_creation_or_deletion_is_compared_with_the_table(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, verb: str, expected: str
) -> None:
    interrupt(f"mailbox.{verb}", subject_of(anna), monkeypatch)
    assert settled() == expected


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "interrupted: 1 change applied, 0 not applied, 0 unknown"),
        ("de", "unterbrochen: 1 Änderung ausgeführt, 0 nicht ausgeführt, 0 ungeklärt"),
    ],
)
def test_the_outcome_is_written_as_a_sentence(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
) -> None:
    interrupt("mailbox.create", subject_of(anna), monkeypatch)
    with translation.override(language):
        assert wording.outcome(newest()) == sentence


def test_a_change_without_values_cannot_be_determined(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt("mailbox.change", subject_of(anna, {"password": []}), monkeypatch)
    assert settled() == "0 0 1"


def test_an_action_that_may_still_be_running_is_left_open(domain: Domain) -> None:
    with pytest.raises(Killed), recorded(TESTER, "domain.disable", subject_of(domain)):
        raise Killed
    assert settle_open_entries() == 0 and OpenEntry.objects.exists()
    assert Entry.objects.order_by("-seq")[0].at > timezone.now() - timedelta(minutes=1)


@pytest.mark.finding("log-gap")
@pytest.mark.parametrize("committed", [True, False])
def test_an_interrupted_renaming_is_compared_with_each_row(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    plan = plan_renaming(anna, Address.parse("anne@example.org"))
    with pytest.raises(Killed), recorded(TESTER, "mailbox.rename", *subjects(plan, True)):
        raise Killed
    if committed:
        actions.rename_mailbox(TESTER, anna, plan.address)
    monkeypatch.setattr("mailboxes.actions.interrupted.PATIENCE", timedelta(0))
    assert settle_open_entries() == 1
    assert Entry.objects.get(phase=Phase.SETTLED).text == ("3 0 0" if committed else "0 3 0")
