"""What Prometheus is told: what this service's processes have counted, and how things are.

The processes of gunicorn count in files of the folder PROMETHEUS_MULTIPROC_DIR, which
deploy/gunicorn.conf.py makes; a single process counts in its memory.
"""

import os
from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import CollectorRegistry, Counter, Summary, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from mailboxes.audit.entries import last_time
from mailboxes.deployment import examinations
from mailboxes.deployment.applied import last_applied
from mailboxes.deployment.states import State, severity
from mailboxes.health import QUERIES, Health
from mailboxes.lookup_tables import counts
from mailboxes.models import Alias, Domain, Mailbox, has_mailbox
from mailboxes.queries import MAX_ROWS, capped_count

METHODS = ("GET", "HEAD", "POST")

COUNTED = CollectorRegistry()
REQUESTS = Counter(
    "mailadmin_requests", "Requests answered.", ["method", "status"], registry=COUNTED
)
SECONDS = Summary("mailadmin_request_seconds", "What they took.", registry=COUNTED)
FAILED_SIGN_INS = Counter(
    "mailadmin_failed_sign_ins", "Refused sign-ins, by account.", ["account"], registry=COUNTED
)


def count_request(method: str, status: int, seconds: float) -> None:
    REQUESTS.labels(method if method in METHODS else "other", str(status)).inc()
    SECONDS.observe(seconds)


def text(health: Health) -> bytes:
    """Return all metrics in Prometheus's text format."""
    counted: CollectorRegistry = COUNTED
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    stated = CollectorRegistry()
    stated.register(States(health))
    return generate_latest(counted) + generate_latest(stated)


class States(Collector):
    """What the databases say when they are asked."""

    def __init__(self, health: Health) -> None:
        self.health = health

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        failures = self.health.failures()
        up = GaugeMetricFamily(
            "mailadmin_database_up", "1 if the database can be read.", labels=["database"]
        )
        for alias in QUERIES:
            up.add_metric([alias], alias not in failures)
        yield up
        if "mail" not in failures:
            yield from rows()
        if "default" not in failures:
            yield from reports()


def rows() -> Iterator[GaugeMetricFamily]:
    """Yield how much there is; in an adopted database, rows are counted unless they are many."""
    kept = counts.total()
    found = {"domains": Domain.objects.count()}
    if kept:
        found |= {"mailboxes": kept.mailboxes, "aliases": kept.aliases}
    elif not any(capped_count(model.objects.all(), MAX_ROWS).more for model in (Mailbox, Alias)):
        aliases = Alias.objects.filter(~has_mailbox()).count()
        found |= {"mailboxes": Mailbox.objects.count(), "aliases": aliases}
    for name, number in found.items():
        yield gauge(f"mailadmin_{name}", f"How many there are: {name}.", number)


def reports() -> Iterator[GaugeMetricFamily]:
    """Yield what the doctor, `apply` and backups have reported; nothing if they never have."""
    now = timezone.now()
    if last := examinations.read().current:
        is_broken = severity(last.verdict) >= severity(State.BROKEN)
        yield gauge("mailadmin_doctor_broken", "1 if the doctor found a broken hop.", is_broken)
        age = (now - last.examined).total_seconds()
        yield gauge("mailadmin_doctor_age_seconds", "Since the doctor was last run.", age)
    if applied := last_applied():
        age = (now - applied.at).total_seconds()
        yield gauge("mailadmin_applied_age_seconds", "Since a host was last given an export.", age)
    if backed_up := last_time("panel.backup"):
        age = (now - backed_up).total_seconds()
        yield gauge("mailadmin_backup_age_seconds", "Since the panel was last backed up.", age)


def gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)
