"""What the dashboard says: how many there are, what needs attention, what changed last."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes import usage
from mailboxes.conf import MailHost, mail_host
from mailboxes.export import compare, compatibility, render
from mailboxes.export.bundle import BadExport
from mailboxes.formats import translated
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, is_own
from mailboxes.queries import Tally, tally

LATEST = 8
NAMED = 3
FULLEST = 6


@dataclass(frozen=True)
class Count:
    """A number with the list it counts."""

    icon: str
    title: str
    tally: Tally
    model: str
    query: str = ""


@dataclass(frozen=True)
class Point:
    """Something that needs attention, how much, and the page where it is dealt with."""

    text: str
    tone: str = "warn"
    page: str = ""
    """The name of a page; a model's list is meant by `domain`, `mailbox` and so on."""

    query: str = ""
    link: str = ""
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Full:
    """A mailbox that soon takes no more mail."""

    address: str
    percent: int


def counts(user: User, full: list[str] | None) -> list[Count]:
    """Return the counts of the lists that the person may open."""
    plain = Alias.objects.filter(~is_own())
    disabled = Mailbox.objects.filter(active=False)
    found = [
        Count("globe", _("Domains"), tally(Domain.objects.all()), "domain"),
        Count("inbox", _("Mailboxes"), tally(Mailbox.objects.all()), "mailbox"),
        Count("forward", _("Aliases"), tally(plain), "alias"),
        Count("circle-off", _("Disabled"), tally(disabled), "mailbox", "active__exact=0"),
    ]
    if full is not None:
        number = Tally(len(full))
        found.append(Count("gauge", _("Nearly full"), number, "mailbox", "attention=full"))
    return [count for count in found if user.has_perm(f"mailboxes.view_{count.model}")]


def nearly_full(user: User) -> list[str] | None:
    """Return the addresses of the fullest mailboxes, if they are known and for this person."""
    return usage.nearly_full() if user.has_perm("mailboxes.view_mailbox") else None


def fullest(names: list[str] | None) -> list[Full]:
    """Say of the first of these addresses how full they are."""
    names = (names or [])[:FULLEST]
    mailboxes, known = Mailbox.objects.in_bulk(names), usage.of(names)
    return [
        Full(name, (known[name].bytes or 0) * 100 // mailboxes[name].quota)
        for name in names
        if name in mailboxes
    ]


def points(user: User) -> Iterator[Point]:
    """Yield what needs attention, the worst first, as far as the person may see it."""
    try:
        host = mail_host()
        render.check(host)
    except (ImproperlyConfigured, BadExport) as error:
        if user.is_superuser:
            text = _("No configuration can be made: %(reason)s") % {"reason": translated(error)}
            yield Point(text, "bad", "configuration", link=_("Configuration"))
    else:
        if user.has_perm("mailboxes.view_mailbox"):
            yield from points_on_passwords(host, user.is_superuser)
        if user.is_superuser and host.scheme.weakness:
            text = _("New passwords are stored as %(scheme)s, which is weak.")
            text %= {"scheme": host.scheme.name}
            yield Point(text, page="configuration", link=_("What that means"))
    if user.has_perm("mailboxes.view_domain"):
        yield from points_on_domains()


def points_on_passwords(host: MailHost, superuser: bool) -> Iterator[Point]:
    """Read every password's form, which a table of a million would make too slow."""
    here = compare.name(host)
    query = f"from={here}&to={here}"
    if tally(Mailbox.objects.all(), usage.MOST).more:
        text = _("Not counted: whether all can sign in, of more than %(most)s mailboxes.")
        text %= {"most": Tally(usage.MOST)}
        yield Point(text, "info", "upgrade" if superuser else "", query, _("Count them"))
        return
    move = compare.Move(host, host)
    if shut_out := sum(group.count for group in move.census.shut_out):
        text = ngettext(
            "%(count)d active mailbox cannot sign in: its password is stored in a form that the "
            "mail host does not read.",
            "%(count)d active mailboxes cannot sign in: their passwords are stored in a form that "
            "the mail host does not read.",
            shut_out,
        )
        text %= {"count": shut_out}
        yield Point(text, "bad", "upgrade" if superuser else "", query, _("Which, and why"))
    if not host.scheme.weakness:
        yield from points_on_weak_forms(host.scheme.name)


def points_on_weak_forms(scheme: str) -> Iterator[Point]:
    weak = compatibility.weak_forms()
    if weak:
        text = ngettext(
            "%(count)d password is still stored in a weak form; a new one is stored as %(scheme)s.",
            "%(count)d passwords are still stored in weak forms; new ones are stored as "
            "%(scheme)s.",
            len(weak),
        )
        text %= {"count": len(weak), "scheme": scheme}
        yield Point(text, "warn", "mailbox", "attention=weak", _("Show"), weak[:NAMED])


def points_on_domains() -> Iterator[Point]:
    disabled = Domain.objects.filter(active=False)
    if found := tally(disabled):
        text = ngettext(
            "%(count)s domain is disabled: it takes no mail.",
            "%(count)s domains are disabled: they take no mail.",
            found.count,
        )
        names = list(disabled.values_list("pk", flat=True)[:NAMED])
        yield Point(text % {"count": found}, "warn", "domain", "active__exact=0", _("Show"), names)


def latest(user: User) -> QuerySet[LogEntry]:
    """Return the last changes of what the person may see; downloads are for superusers."""
    entries = LogEntry.objects.select_related("user", "content_type").order_by("-pk")
    if user.is_superuser:
        return entries[:LATEST]
    models: list[Any] = [Domain, Mailbox, Alias, AliasDomain]
    seen = [model for model in models if user.has_perm(f"mailboxes.view_{model._meta.model_name}")]
    kinds = ContentType.objects.get_for_models(*seen).values()
    return entries.filter(Q(content_type__in=kinds))[:LATEST]


@never_cache
@require_safe
def dashboard_page(request: HttpRequest) -> HttpResponse:
    """Say how things are; a person without any right sees that, too."""
    user = cast(User, request.user)
    full = nearly_full(user)
    context = admin.site.each_context(request) | {
        "title": _("Dashboard"),
        "counts": counts(user, full),
        "fullest": fullest(full),
        "points": list(points(user)),
        "entries": latest(user),
    }
    return render_page(request, "mailboxes/dashboard.html", context)
