"""The dashboard: counts, what needs attention, the latest changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailboxes import queries, usage
from mailboxes.audit import entries
from mailboxes.audit.entries import Logged
from mailboxes.conf import MailHost, mail_host
from mailboxes.errors import Refused
from mailboxes.export import compatibility
from mailboxes.export.prerequisites import check_host
from mailboxes.formats import error_message, number
from mailboxes.models import Alias, Domain, Mailbox, has_mailbox
from mailboxes.queries import CappedCount, capped_count

MODELS = ("domain", "mailbox", "alias", "aliasdomain")
MAX_CHANGES = 8
MAX_NAMES = 3
MAX_FULL = 6


@dataclass(frozen=True)
class Count:
    """A number of rows, with the list that shows them."""

    icon: str
    title: Promise
    count: CappedCount
    model: str
    query: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that needs attention, how urgently, and the page to deal with it."""

    text: str
    tone: str = "warn"
    page: str = ""
    """The name of a URL; `domain`, `mailbox` and so on are the models' lists."""

    query: str = ""
    link: str | Promise = ""
    names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FullMailbox:
    """A mailbox that is about to reject mail."""

    address: str
    percent: int

    @property
    def tone(self) -> str:
        return usage.usage_tone(self.percent)


def table_counts(user: User, full: list[str] | None) -> list[Count]:
    """Return the counts of the lists that the administrator may open."""
    aliases = Alias.objects.filter(~has_mailbox())
    disabled = Mailbox.objects.filter(active=False)
    found = [
        Count("globe", _("Domains"), capped_count(Domain.objects.all()), "domain"),
        Count("inbox", _("Mailboxes"), capped_count(Mailbox.objects.all()), "mailbox"),
        Count("forward", _("Aliases"), capped_count(aliases), "alias"),
        Count("circle-off", _("Disabled"), capped_count(disabled), "mailbox", "active__exact=0"),
    ]
    if full is not None:
        count = CappedCount(len(full))
        found.append(Count("gauge", _("Nearly full"), count, "mailbox", "attention=full"))
    return [count for count in found if user.has_perm(f"mailboxes.view_{count.model}")]


def nearly_full(user: User) -> list[str] | None:
    """Return the fullest mailboxes' addresses, if they are known and may be seen."""
    return usage.nearly_full() if user.has_perm("mailboxes.view_mailbox") else None


def fullest(names: list[str] | None) -> list[FullMailbox]:
    """Return the first of these mailboxes, and how full they are."""
    names = (names or [])[:MAX_FULL]
    mailboxes, known = Mailbox.objects.in_bulk(names), usage.find(names)
    return [
        FullMailbox(name, (known[name].bytes or 0) * 100 // mailboxes[name].quota)
        for name in names
        if name in mailboxes
    ]


def notices(user: User) -> Iterator[Notice]:
    """Yield what needs attention, the worst first, as far as the administrator may see it."""
    try:
        host = mail_host()
        check_host(host)
    except Refused as error:
        if user.is_superuser:
            text = _("The configuration can't be exported: %(reason)s") % {
                "reason": error_message(error)
            }
            yield Notice(text, "bad", "configuration", link=_("Configuration"))
    else:
        if user.has_perm("mailboxes.view_mailbox"):
            yield from password_notices(host, user.is_superuser)
        if user.is_superuser and host.scheme.weakness:
            text = _("New passwords are stored as %(scheme)s, which is weak.") % {
                "scheme": host.scheme.name
            }
            yield Notice(text, page="configuration", link=_("What this means"))
    if user.has_perm("mailboxes.view_domain"):
        yield from domain_notices()


def password_notices(host: MailHost, superuser: bool) -> Iterator[Notice]:
    """Read every stored password, unless there are too many for a page."""
    query = f"from={host.key}&to={host.key}"
    if capped_count(Mailbox.objects.all(), queries.MAX_ROWS).more:
        text = _(
            "There are too many mailboxes (more than %(limit)s) to check all passwords here."
        ) % {"limit": number(queries.MAX_ROWS)}
        yield Notice(text, "info", "upgrade" if superuser else "", query, _("Check now"))
        return
    report = compatibility.check(host, host)
    if locked_out := report.locked_out_count:
        text = ngettext(
            "%(count)s active mailbox can't sign in, because the mail host doesn't support the way "
            "its password is stored.",
            "%(count)s active mailboxes can't sign in, because the mail host doesn't support the "
            "way their passwords are stored.",
            locked_out,
        )
        text %= {"count": number(locked_out)}
        yield Notice(text, "bad", "upgrade" if superuser else "", query, _("Show details"))
    if not host.scheme.weakness:
        yield from weak_password_notices(host.scheme.name)


def weak_password_notices(scheme: str) -> Iterator[Notice]:
    weak = compatibility.weak_passwords()
    if weak:
        text = ngettext(
            "%(count)s password is still stored with a weak hash. New passwords use %(scheme)s.",
            "%(count)s passwords are still stored with weak hashes. New passwords use %(scheme)s.",
            len(weak),
        )
        text %= {"count": number(len(weak)), "scheme": scheme}
        yield Notice(text, "warn", "mailbox", "attention=weak", _("Show"), weak[:MAX_NAMES])


def domain_notices() -> Iterator[Notice]:
    disabled = Domain.objects.filter(active=False)
    if found := capped_count(disabled):
        text = ngettext(
            "%(count)s domain is disabled and receives no mail.",
            "%(count)s domains are disabled and receive no mail.",
            found.number,
        )
        names = list(disabled.values_list("pk", flat=True)[:MAX_NAMES])
        yield Notice(text % {"count": found}, "warn", "domain", "active__exact=0", _("Show"), names)


def latest(user: User) -> list[Logged]:
    """Return the latest changes that the administrator may see."""
    found = entries.change_entries()
    if not user.is_superuser:
        visible = [name for name in MODELS if user.has_perm(f"mailboxes.view_{name}")]
        found = entries.of_models(visible)
    return entries.read(list(found[:MAX_CHANGES]))


@never_cache
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show what the administrator may see, or that there are no permissions yet."""
    user = cast(User, request.user)
    full = nearly_full(user)
    context = admin.site.each_context(request) | {
        "title": _("Dashboard"),
        "counts": table_counts(user, full),
        "fullest": fullest(full),
        "notices": list(notices(user)),
        "entries": latest(user),
    }
    return render(request, "mailboxes/dashboard.html", context)
