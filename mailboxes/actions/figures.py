"""Counting what the pictures on the dashboard show: once a day, and never for a page."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from mailboxes import usage
from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.figures.models import DailyFigures
from mailboxes.models import Domain, Mailbox, Usage
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.queries import batches

ROWS_PER_QUERY = 5000
DAYS_OF_EVENTS = 7
"""Of so many days, today included, the log is counted again: today isn't over."""

KEPT = timedelta(days=400)
SIGN_INS = ("administrator.sign-in", "mailbox.sign-in", "mailbox.rehash")
REFUSED = ("administrator.failed-sign-in", "mailbox.failed-sign-in")
ALL = ""
"""The name that stands for all domains."""


def count_figures() -> int:
    """Count what there is now and what happened lately; return for how many domains.

    It reads the mailboxes, their usage and a few days of the log, a batch at a time.
    """
    today = timezone.now().astimezone(UTC).date()
    rows = counted_today(today)
    with transaction.atomic(using="default"):
        DailyFigures.objects.filter(day=today).delete()
        DailyFigures.objects.bulk_create(rows, batch_size=500)
        for days in range(DAYS_OF_EVENTS):
            count_events(today - timedelta(days=days))
        DailyFigures.objects.filter(day__lt=today - KEPT).delete()
    return len(rows) - 1


def counted_today(today: date) -> list[DailyFigures]:
    """Return the figures of each domain, and of all."""
    forms, stored = password_forms(), stored_bytes()
    for name in Domain.objects.values_list("pk", flat=True).iterator():
        forms.setdefault(name.lower(), Counter())
    names = sorted(forms)
    rows = [
        DailyFigures(
            day=today,
            domain=name,
            mailboxes=forms[name].total(),
            bytes=None if stored is None else stored[name],
            forms=dict(forms[name]),
        )
        for name in names
    ]
    everything = sum((forms[name] for name in names), Counter[str]())
    whole = DailyFigures(day=today, mailboxes=everything.total(), forms=dict(everything))
    whole.bytes = None if stored is None else stored.total()
    return [whole, *rows]


def password_forms() -> dict[str, Counter[str]]:
    """Return how many mailboxes of each domain have which scheme."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    rows = Mailbox.objects.values_list("username", "domain_id", "password")
    for batch in batches(rows, ROWS_PER_QUERY, key=itemgetter(0)):
        for _name, domain, password in batch:
            found[domain.lower()][dovecot_scheme(password or "")] += 1
    return found


def stored_bytes() -> Counter[str] | None:
    """Return what the mailboxes of each domain store; None if nothing records it."""
    if not usage.knows_usage():
        return None
    found = Counter[str]()
    rows = Usage.objects.values_list("username", "bytes")
    for batch in batches(rows, ROWS_PER_QUERY, key=itemgetter(0)):
        for name, number in batch:
            found[name.rpartition("@")[2].lower()] += max(number, 0)
    return found


def count_events(day: date) -> None:
    """Count what the log has of a day: all of it, and the changes in each domain."""
    start = datetime.combine(day, time(), UTC)
    entries = Entry.objects.filter(at__gte=start, at__lt=start + timedelta(days=1))
    listed = entries.filter(listed__isnull=False).order_by()
    actions = dict(listed.values_list("action").annotate(number=Count("pk")))
    found = {
        "sign_ins": sum(actions.get(name, 0) for name in SIGN_INS),
        "refused": sum(actions.get(name, 0) for name in REFUSED),
        "changes": entries.filter(changed__isnull=False).count(),
    }
    DailyFigures.objects.update_or_create(found, day=day, domain=ALL)
    DailyFigures.objects.filter(day=day).exclude(domain=ALL).update(changes=0)
    for domain, changes in changes_by_domain(start):
        DailyFigures.objects.update_or_create({"changes": changes}, day=day, domain=domain)


def changes_by_domain(start: datetime) -> Iterator[tuple[str, int]]:
    rows = Subject.objects.filter(
        entry__at__gte=start,
        entry__at__lt=start + timedelta(days=1),
        entry__phase__in=[Phase.BEGUN.value, Phase.CHANGE.value],
    )
    found = Counter[str]()
    grouped = rows.exclude(domain="").order_by().values_list("domain")
    for domain, changes in grouped.annotate(number=Count("start", distinct=True)):
        found[domain.lower()] += changes
    yield from found.items()
