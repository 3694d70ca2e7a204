"""What the pictures show is counted once a day, from the mail tables and the log."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.log import log_event, subject
from mailboxes.audit.models import Entry
from mailboxes.figures.models import DailyFigures
from mailboxes.models import Domain, Mailbox, Usage
from tests.conftest import PASSWORD, TESTER


@pytest.fixture
def two(domain: Domain) -> list[Mailbox]:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    addresses = ("anna@example.org", "bob@example.org", "carl@example.net")
    return [
        actions.create_mailbox(TESTER, Address.parse(address), PASSWORD) for address in addresses
    ]


def figures(name: str = "", days: int = 0) -> DailyFigures:
    day = timezone.now().astimezone(UTC).date() - timedelta(days=days)
    return DailyFigures.objects.get(day=day, domain=name)


def test_mailboxes_storage_and_schemes_are_counted_by_domain(two: list[Mailbox]) -> None:
    Mailbox.objects.filter(pk="bob@example.org").update(password="nothing known")
    Usage.objects.create(username="anna@example.org", bytes=5)
    Usage.objects.create(username="carl@example.net", bytes=7)
    call_command("countfigures")
    actions.count_figures()  # once more on the same day
    assert (figures().mailboxes, figures().bytes) == (3, 12)
    own = figures("example.org")
    assert (own.mailboxes, own.bytes) == (2, 5) and own.forms[""] == 1
    assert sum(figures().forms.values()) == 3 and figures("example.net").bytes == 7


def test_the_log_is_counted_by_day_and_changes_by_domain(two: list[Mailbox]) -> None:
    log_event(TESTER, "administrator.sign-in", subject("administrator", "rita"))
    log_event(TESTER, "mailbox.failed-sign-in", subject("mailbox", "x@example.org"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    Entry.objects.filter(action="mailbox.create").update(at=yesterday)
    actions.set_active_in_bulk(TESTER, two[:2], False)
    actions.count_figures()
    today, before = figures(), figures(days=1)
    assert (today.sign_ins, today.refused) == (1, 1)
    assert (before.changes, before.sign_ins, before.mailboxes) == (3, 0, None)
    assert figures("example.org", 1).changes == 2 and figures("example.org").changes == 1
    assert figures(days=6).changes == 0


def test_old_figures_are_deleted(domain: Domain) -> None:
    today = timezone.now().astimezone(UTC).date()
    for days in (30, 500):
        DailyFigures.objects.create(day=today - timedelta(days=days), mailboxes=1)
    actions.count_figures()
    assert not DailyFigures.objects.filter(day__lt=today - timedelta(days=400))
    assert DailyFigures.objects.filter(day=today - timedelta(days=30))


def test_where_dovecot_records_nothing_the_storage_is_unknown(two: list[Mailbox]) -> None:
    actions.count_figures()
    assert figures().bytes is None and figures("example.org").bytes is None
