"""The pictures of the dashboard and of a domain's page, from what was counted once a day."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from mailboxes import charts
from mailboxes.access.scope import Scope
from mailboxes.charts import Chart, Part, Series
from mailboxes.figures.models import DailyFigures
from mailboxes.formats import size
from mailboxes.passwords.schemes import strength

STOCK_DAYS, EVENT_DAYS = 90, 30
MAX_DOMAINS = 50
"""Of how many domains a page adds up the figures of each day."""

LARGEST = 8
TONES = ("bad", "warn", "a", "good")
"""By how long a scheme takes to crack."""

COUNTED = ("mailboxes", "bytes", "sign_ins", "refused", "changes")


@dataclass(frozen=True)
class Pictures:
    """What can be shown to an administrator; empty if nothing was counted yet."""

    charts: list[Chart] = field(default_factory=list)
    forms: list[Part] = field(default_factory=list)
    domains: list[Part] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.charts or self.forms or self.domains)


def of_scope(scope: Scope) -> Pictures:
    """Return the pictures of all that is within reach, unless that is too many domains."""
    if not scope.allows("mailbox.view"):
        return Pictures()
    if scope.domains is None:
        rows = DailyFigures.objects.filter(domain="")
        largest = DailyFigures.objects.exclude(domain="")
    elif len(scope.domains) <= MAX_DOMAINS:
        rows = largest = DailyFigures.objects.filter(domain__in=sorted(scope.domains))
    else:
        return Pictures()
    last = rows.filter(mailboxes__isnull=False).order_by("-day").values_list("day", flat=True)
    day = last.first()
    if day is None:
        return Pictures()
    found = charts_of(rows, day, with_sign_ins=scope.allows("log.view"))
    forms = sum_forms(rows.filter(day=day))
    return Pictures(found, forms, largest_domains(largest.filter(day=day)))


def of_domain(name: str) -> list[Chart]:
    """Return the pictures of a domain's own page."""
    rows = DailyFigures.objects.filter(domain=name.lower())
    last = rows.filter(mailboxes__isnull=False).order_by("-day").values_list("day", flat=True)
    day = last.first()
    return charts_of(rows, day, with_sign_ins=False) if day else []


def charts_of(rows: QuerySet[DailyFigures], last: date, with_sign_ins: bool) -> list[Chart]:
    start = last - timedelta(days=STOCK_DAYS - 1)
    sums: Any = rows.filter(day__gte=start, day__lte=last).order_by("day").values("day")
    totals = sums.annotate(**{f"n_{name}": Sum(name) for name in COUNTED})
    found: dict[date, dict[str, Any]] = {one["day"]: one for one in totals}
    days = days_until(last, min(STOCK_DAYS, (last - min(found)).days + 1))
    recent = days[-EVENT_DAYS:]

    def values(name: str, some: list[date]) -> list[int | None]:
        return [int_or_none(found.get(day, {}).get(f"n_{name}")) for day in some]

    mailboxes, stored = values("mailboxes", days), values("bytes", days)
    result = [charts.line(_("Mailboxes"), days, Series(_("Mailboxes"), mailboxes))]
    if any(stored):
        result.append(charts.line(_("Storage"), days, Series(_("Storage"), stored), written))
    if with_sign_ins:
        series = [
            Series(_("Sign-ins"), values("sign_ins", recent)),
            Series(_("Refused"), values("refused", recent), "bad"),
        ]
        result.append(charts.columns(_("Sign-ins to the panel a day"), recent, series))
    changes = Series(_("Changes"), values("changes", recent))
    result.append(charts.columns(_("Changes a day"), recent, [changes]))
    return result


def days_until(last: date, count: int) -> list[date]:
    return [last - timedelta(days=count - 1 - place) for place in range(count)]


def int_or_none(value: Any) -> int | None:
    return None if value is None else int(value)


def written(count: int) -> str:
    return size(count) if count > 0 else "0"


def sum_forms(rows: QuerySet[DailyFigures]) -> list[Part]:
    """Return in which forms the passwords are stored, the strongest first."""
    found = Counter[str]()
    for forms in rows.values_list("forms", flat=True):
        found.update(forms)
    ordered = sorted(found.items(), key=lambda one: (-rank(one[0]), -one[1]))
    return charts.stacked(
        [
            (scheme or str(_("unknown")), count, tone(scheme), note(scheme))
            for scheme, count in ordered
        ]
    )


def rank(scheme: str) -> int:
    return strength(scheme) if scheme else -1


def tone(scheme: str) -> str:
    return TONES[strength(scheme)] if scheme else "quiet"


def note(scheme: str) -> Any:
    if not scheme:
        return _("can't be checked")
    return _("strong") if strength(scheme) > 1 else _("weak")


def largest_domains(rows: QuerySet[DailyFigures]) -> list[Part]:
    """Return the domains that store the most."""
    found = rows.filter(bytes__gt=0).order_by("-bytes").values_list("domain", "bytes")[:LARGEST]
    return charts.compared([(name, stored or 0, name) for name, stored in found], size)
