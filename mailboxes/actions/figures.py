"""Counting what the pictures on the dashboard show: once a day, and never for a page."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from operator import itemgetter

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from mailboxes import usage
from mailboxes.audit.models import Entry, Phase, Subject
from mailboxes.conf import MailHost, mail_host
from mailboxes.domain_addresses import without_roles
from mailboxes.errors import Refused
from mailboxes.figures.models import DailyFigures
from mailboxes.models import Domain, Mailbox, Usage
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.passwords.schemes import is_weak
from mailboxes.queries import batches
from mailboxes.verification import host_problem, locks_out

ROWS_PER_QUERY = 5000
DAYS_OF_EVENTS = 7
"""Of so many days, today included, the log is counted again: today isn't over."""


@dataclass
class Passwords:
    """How the passwords of some mailboxes are stored."""

    forms: Counter[str] = field(default_factory=Counter)
    locked_out: int = 0
    weak: int = 0

    def add(self, stored: str, is_open: bool, host: MailHost | None) -> None:
        self.forms[dovecot_scheme(stored)] += 1
        if is_open:
            self.weak += is_weak(stored)
            self.locked_out += host is not None and locks_out(host_problem(stored, host))

    def __add__(self, other: "Passwords") -> "Passwords":
        locked_out = self.locked_out + other.locked_out
        return Passwords(self.forms + other.forms, locked_out, self.weak + other.weak)


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
    host = known_host()
    found, stored = passwords(host), stored_bytes()
    for name in Domain.objects.values_list("pk", flat=True).iterator():
        found.setdefault(name.lower(), Passwords())

    def figures(name: str, one: Passwords, used: int | None) -> DailyFigures:
        locked_out = {host.key: one.locked_out} if host else {}
        return DailyFigures(
            day=today, domain=name, mailboxes=one.forms.total(), bytes=used, forms=dict(one.forms),
            locked_out=locked_out, weak=one.weak,
        )  # fmt: skip

    rows = [
        figures(name, found[name], None if stored is None else stored[name])
        for name in sorted(found)
    ]
    whole = sum(found.values(), Passwords())
    first = figures(ALL, whole, None if stored is None else stored.total())
    first.lacking_roles = without_roles(Domain.objects.all()).count()
    return [first, *rows]


def known_host() -> MailHost | None:
    try:
        return mail_host()
    except Refused:
        return None


def passwords(host: MailHost | None) -> dict[str, Passwords]:
    """Return how the passwords of each domain are stored."""
    found: dict[str, Passwords] = defaultdict(Passwords)
    closed = Domain.objects.filter(active=False).values_list("pk", flat=True)
    disabled = {name.lower() for name in closed}
    rows = Mailbox.objects.values_list("username", "domain_id", "password", "active")
    for batch in batches(rows, ROWS_PER_QUERY, key=itemgetter(0)):
        for _name, domain, password, active in batch:
            is_open = active and domain.lower() not in disabled
            found[domain.lower()].add(password or "", is_open, host)
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
