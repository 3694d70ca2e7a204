"""The dashboard: counts, what needs attention, the latest changes."""

from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes import pictures, usage
from mailboxes.access.grants import scope_of
from mailboxes.access.roles import MAIL_MODELS
from mailboxes.access.scope import Scope
from mailboxes.audit import entries
from mailboxes.audit.entries import Logged
from mailboxes.deployment import examinations
from mailboxes.deployment.examinations import Reports
from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.counts import MAX_DOMAINS, total
from mailboxes.lookup_tables.flags import flagged
from mailboxes.models import Alias, Domain, Mailbox, has_mailbox
from mailboxes.queries import CappedCount, capped_count, in_parts
from mailboxes.views import first_steps
from mailboxes.views.notices import notices

MAX_CHANGES = 5
MAX_FULL = 6
Full = tuple[list[str], bool]
"""The addresses of mailboxes that are nearly full, and whether there are more."""


@dataclass(frozen=True)
class Count:
    """A number of rows, with the list that shows them."""

    icon: str
    title: Promise
    count: CappedCount
    model: str
    query: str = ""


@dataclass(frozen=True)
class FullMailbox:
    """A mailbox that is about to reject mail."""

    address: str
    percent: int

    @property
    def tone(self) -> str:
        return usage.usage_tone(self.percent)


def table_counts(scope: Scope, full: Full | None) -> list[Count]:
    """Return the counts of the lists that the administrator may open."""
    if not scope.allows("mailbox.view"):
        return []
    domains = scope.narrow(Domain.objects.all())
    mailboxes, aliases, disabled = mail_counts(scope)
    found = [
        Count("globe", _("Domains"), capped_count(domains, MAX_DOMAINS), "domain"),
        Count("inbox", _("Mailboxes"), mailboxes, "mailbox"),
        Count("forward", _("Aliases"), aliases, "alias"),
        Count("circle-off", _("Disabled"), disabled, "mailbox", "active__exact=0"),
    ]
    if full is not None:
        names, more = full
        count = CappedCount(len(names), more)
        found.append(Count("gauge", _("Nearly full"), count, "mailbox", "attention=full"))
    return found


def mail_counts(scope: Scope) -> tuple[CappedCount, CappedCount, CappedCount]:
    """Return how many mailboxes, aliases and disabled mailboxes there are."""
    if known := total(scope.domains):
        disabled = capped_count(flagged(Flag.DISABLED_MAILBOX, scope.domains))
        return CappedCount(known.mailboxes), CappedCount(known.aliases), disabled
    mailboxes, aliases = (scope.narrow(model.objects.all()) for model in (Mailbox, Alias))
    return (
        capped_count(mailboxes),
        capped_count(in_parts(aliases.filter(~has_mailbox()), aliases)),
        capped_count(in_parts(mailboxes.filter(active=False), mailboxes)),
    )


def visible_nearly_full(scope: Scope) -> Full | None:
    """Return the fullest mailboxes' addresses, if they are known and may be seen."""
    if not scope.allows("mailbox.view"):
        return None
    return usage.nearly_full(scope.narrow(Mailbox.objects.all()), scope.domains)


def fullest(full: Full | None) -> list[FullMailbox]:
    """Return the first of these mailboxes, and how full they are."""
    names = full[0][:MAX_FULL] if full else []
    mailboxes, known = Mailbox.objects.in_bulk(names), usage.find(names)
    return [
        FullMailbox(name, (known[name].bytes or 0) * 100 // mailboxes[name].quota)
        for name in names
        if name in mailboxes
    ]


def latest(scope: Scope) -> list[Logged]:
    """Return the latest changes that the administrator may see."""
    if scope.allows("log.view"):
        return entries.read(list(entries.change_entries()[:MAX_CHANGES]))
    if scope.domains is None:
        return entries.read(list(entries.of_models(MAIL_MODELS)[:MAX_CHANGES]))
    return entries.newest_in_domains(sorted(scope.domains), MAX_CHANGES)


@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what the administrator may see, or that there are no permissions yet."""
    scope = scope_of(request.user)
    full = visible_nearly_full(scope)
    reports = examinations.read() if scope.is_everything else Reports([])
    context = admin.site.each_context(request) | {
        "title": _("Dashboard"),
        "counts": table_counts(scope, full),
        "fullest": fullest(full),
        "notices": list(notices(scope, reports)),
        "reports": reports,
        "examined": reports.current,
        "entries": latest(scope),
        "may_see_log": scope.allows("log.view"),
        "first_steps": first_steps.remaining(reports) if scope.is_everything else None,
        "pictures": pictures.of_scope(scope),
    }
    return render(request, "mailboxes/dashboard.html", context)
