"""Interrupted actions are compared with the tables to find out what took place."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connections
from django.utils import timezone, translation

from mailboxes import actions
from mailboxes.access import self_service
from mailboxes.access.models import ClosedDomain, GrantedDomain, PasswordDemand
from mailboxes.accounts import AccountKind
from mailboxes.actions.activation import save_active
from mailboxes.actions.base import subject_of
from mailboxes.actions.interrupted import settle_open_entries
from mailboxes.actions.renaming import plan_renaming, subjects
from mailboxes.addresses import Address, DomainName
from mailboxes.adoption.models import FormerName
from mailboxes.audit import chain, wording
from mailboxes.audit.entries import Logged, read, visible
from mailboxes.audit.log import Changes, recorded
from mailboxes.audit.models import Entry, OpenEntry, Phase, Subject
from mailboxes.handling import DISCARD
from mailboxes.models import Domain, Mailbox
from tests.conftest import PASSWORD, TESTER


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


@contextmanager
def failing_panel() -> Iterator[None]:
    """Let the panel's database fail to commit a renaming, by a constraint that is checked then."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "CREATE TABLE broken (entry INTEGER REFERENCES audit_entry (seq)"
            " DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute(
            "CREATE TRIGGER broken_commit AFTER INSERT ON adoption_formername"
            " BEGIN INSERT INTO broken VALUES (-1); END"
        )
        try:
            with pytest.raises(IntegrityError):
                yield
        finally:
            cursor.execute("DROP TRIGGER broken_commit")
            cursor.execute("DROP TABLE broken")


@pytest.fixture
def renamed_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mailboxes and two domains with their old names in the panel's database only."""
    mailboxes = {"anna": "anne", "bob": "bert"}
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    for name, new in mailboxes.items():
        address = Address.parse(f"{name}@example.org")
        mailbox = actions.create_mailbox(TESTER, address, PASSWORD)
        self_service.set_demand(AccountKind.MAILBOX, mailbox.pk, True)
        with failing_panel():
            actions.rename_mailbox(TESTER, mailbox, Address.parse(f"{new}@example.org"), False)
    names = ["kept.example", "left.example"]
    domains = [actions.create_domain(TESTER, DomainName.parse(name)) for name in names]
    assignment = actions.RoleAssignment("domain", False, names)
    actions.create_administrator(TESTER, User(username="otto"), PASSWORD, assignment)
    for domain in domains:
        self_service.set_open(domain.pk, False)
        new_name, keeps_old = DomainName.parse(f"new.{domain}"), domain.pk == "kept.example"
        with failing_panel():
            actions.rename_domain(TESTER, domain, new_name, keeps_old)
    assert not FormerName.objects.exists()
    monkeypatch.setattr("mailboxes.actions.interrupted.PATIENCE", timedelta(0))


@pytest.mark.finding("log-gap")
@pytest.mark.skipif(settings.MAIL_ON_MYSQL, reason="the constraint is one of SQLite")
@pytest.mark.django_db(databases=["default", "mail"], transaction=True)
def test_what_was_renamed_in_the_mail_database_only_is_renamed_in_the_panels_too(
    renamed_in_part: None,
) -> None:
    actions.create_mailbox(TESTER, Address.parse("bob@example.org"), PASSWORD)
    assert settle_open_entries() == 4 and chain.verify() is None
    texts = Entry.objects.filter(phase=Phase.SETTLED).order_by("seq").values_list("text", flat=True)
    assert list(texts) == ["2 0 0", "2 0 0", "3 0 0", "2 0 0"]
    demanded = set(PasswordDemand.objects.values_list("name", flat=True))
    assert demanded == {"anne@example.org", "bob@example.org"}  # now somebody else's name
    granted = set(GrantedDomain.objects.values_list("domain", flat=True))
    assert granted == {"kept.example", "new.kept.example", "new.left.example"}
    assert set(ClosedDomain.objects.values_list("pk", flat=True)) == granted
    former = set(FormerName.objects.values_list("former", flat=True))
    assert former == {"anna@example.org", "kept.example", "left.example"}


def test_what_belongs_to_a_mailbox_but_is_no_column_of_it_is_passed_over(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: Changes = {"active": [True, False], "goto": [anna.pk, DISCARD], "may_send": [1, 0]}
    interrupt("mailbox.change", subject_of(anna, changes), monkeypatch)
    assert settled() == "0 1 0"
