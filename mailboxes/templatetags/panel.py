"""Template tags for all pages: icons, navigation, history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.contrib import messages
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.contrib.messages.storage.base import Message
from django.db.models.options import Options
from django.template import RequestContext
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from mailboxes.access.grants import role_of, scope_of
from mailboxes.access.roles import MAIL_MODELS, Role
from mailboxes.actions import undoing
from mailboxes.addresses import to_unicode
from mailboxes.audit import wording
from mailboxes.audit.actors import ADMINISTRATOR
from mailboxes.audit.entries import Logged
from mailboxes.audit.models import Phase
from mailboxes.conf import mail_host
from mailboxes.deployment import examinations
from mailboxes.deployment.states import State
from mailboxes.doctor.finding import LABELS
from mailboxes.doctor.stored import last_report
from mailboxes.errors import Refused
from mailboxes.formats import breakable, mixed_scripts_warning
from mailboxes.icons import icon
from mailboxes.panel import version
from mailboxes.second_factor import factors, policy

register = template.Library()
register.simple_tag(icon)
register.simple_tag(version, name="panel_version")


@register.simple_tag
def copy_labels() -> SafeString:
    """Return what configuration.js says after copying, as attributes around the copy buttons."""
    failed = _("Your browser doesn't allow copying. The text is selected; press Ctrl+C.")
    return format_html('data-copied="{}" data-failed="{}"', _("Copied"), failed)


SUPERUSER = "superuser"
DOCTOR = "stethoscope"
NAVIGATION: tuple[tuple[Promise, tuple[tuple[str, str, Promise, str], ...]], ...] = (
    (
        _("Mail"),
        (
            ("admin:mailboxes_domain_changelist", "globe", _("Domains"), "domain.view"),
            (
                "admin:mailboxes_mailbox_changelist",
                "inbox",
                _("Mailboxes"),
                "mailbox.view",
            ),
            ("admin:mailboxes_alias_changelist", "forward", _("Aliases"), "alias.view"),
            (
                "admin:mailboxes_aliasdomain_changelist",
                "link",
                _("Alias domains"),
                "aliasdomain.view",
            ),
            ("import", "file-text", _("Import and export"), "mailbox.create"),
        ),
    ),
    (
        _("Server"),
        (
            ("configuration", "settings", _("Configuration"), SUPERUSER),
            ("doctor", DOCTOR, _("Doctor"), "doctor.examine"),
            ("upgrade", "arrow-right-left", _("Upgrade and migrate"), SUPERUSER),
            ("log", "history", _("Log"), "log.view"),
        ),
    ),
    (
        _("Accounts"),
        (
            ("admin:auth_user_changelist", "user-cog", _("Administrators"), "administrator.view"),
            ("change-password", "key-round", _("Mailbox password page"), ""),
        ),
    ),
)


@dataclass(frozen=True)
class NavigationItem:
    """A page in the navigation."""

    url: str
    icon: str
    title: Promise
    current: bool
    broken: int = 0
    """The number of things behind it that are broken."""


@dataclass(frozen=True)
class NavigationGroup:
    title: Promise
    items: list[NavigationItem]


@register.simple_tag(takes_context=True)
def navigation(context: RequestContext) -> list[NavigationGroup]:
    """Return the pages that the administrator may open, in groups."""
    groups = [NavigationGroup(title, allowed_items(context, pages)) for title, pages in NAVIGATION]
    return [group for group in groups if group.items]


def allowed_items(
    context: RequestContext, pages: tuple[tuple[str, str, Promise, str], ...]
) -> list[NavigationItem]:
    request = context["request"]
    scope = scope_of(request.user)
    found = [
        (reverse(name), icon, title)
        for name, icon, title, permission in pages
        if not permission
        or (scope.is_everything if permission == SUPERUSER else scope.allows(permission))
    ]
    nearest = max((url for url, *_ in found if request.path.startswith(url)), key=len, default="")
    return [
        NavigationItem(
            url, icon, title, url == nearest, broken_hops(context) if icon == DOCTOR else 0
        )
        for url, icon, title in found
    ]


def broken_hops(context: RequestContext) -> int:
    """Return at how many hops the doctor last found something broken."""
    # A page that shows them itself has read them.
    reports = context.get("reports")
    last = last_report(examinations.read() if reports is None else reports)
    return len(last.decisive) if last and last.verdict == State.BROKEN else 0


@register.inclusion_tag("admin/unicode_name.html")
def unicode_name(name: str) -> dict[str, str]:
    """Show how a domain or an address with an IDN is displayed, and warn of mixed scripts."""
    return {"name": to_unicode(name), "warning": mixed_scripts_warning(name)}


@register.filter
def success_first(found: Iterable[Message]) -> list[Message]:
    """Return what was done, then what follows from it, whichever of them was said first."""
    return sorted(found, key=lambda message: message.level != messages.SUCCESS)


@register.filter
def verbose_name(opts: Options, count: int) -> str:
    """Return the singular or plural name of a model."""
    return str(opts.verbose_name if count == 1 else opts.verbose_name_plural)


@register.filter
def log_url(logged: Logged) -> str:
    """Return the page of the first object of an entry, unless it was deleted."""
    found = logged.first
    if not found or found.model not in MAIL_MODELS or logged.entry.action.endswith(".delete"):
        return ""
    return reverse(f"admin:mailboxes_{found.model}_change", args=[quote(found.name)])


@register.filter
def may_undo(logged: Logged, user: User) -> bool:
    return undoing.may_undo(scope_of(user), logged)


@register.filter
def report_url(logged: Logged, user: User) -> str:
    """Return the page about a change of many rows, or of one that can be undone."""
    entry = logged.entry
    is_change = entry.phase == Phase.BEGUN and entry.action.partition(".")[0] in MAIL_MODELS
    if not is_change or not (logged.others or may_undo(logged, user)):
        return ""
    return reverse("change-report", args=[entry.parent or entry.seq])


@register.filter
def log_client(logged: Logged, user: User) -> str:
    """Return the client, if the reader may see it: that of others only who may read the log."""
    entry = logged.entry
    is_own = (entry.actor_kind, entry.actor) == (ADMINISTRATOR, user.get_username())
    return entry.client if is_own or scope_of(user).allows("log.view") else ""


register.filter(breakable)
register.filter("log_changes", wording.describe_changes)
register.filter("log_icon", wording.icon_name)
register.filter("log_object", wording.object_label)
register.filter("log_outcome", wording.outcome)
register.filter("log_row_outcome", wording.row_outcome)
register.filter("log_verb", wording.verb)


@register.filter
def by_reason(refusals: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Group sentences such as “name: reason”, so that a reason of many rows is read once."""
    found: dict[str, list[str]] = {}
    for sentence in refusals:
        name, _colon, reason = sentence.partition(": ")
        found.setdefault(reason, []).append(name)
    return list(found.items())


STATES = {
    State.WORKING: ("good", "circle-check"),
    State.NOT_CHECKED: ("", "circle-minus"),
    State.WARNING: ("warn", "triangle-alert"),
    State.BROKEN: ("bad", "circle-x"),
}


@register.filter
def state_tone(state: State) -> str:
    """Return how a state of the doctor's is colored."""
    return STATES[state][0]


@register.filter
def state_icon(state: State) -> str:
    return STATES[state][1]


@register.filter
def state_label(state: State) -> str:
    return str(LABELS[state])


@register.filter
def role_name(user: User) -> str:
    return str(dict(Role.choices).get(role_of(user), _("No role")))


@register.simple_tag(takes_context=True)
def may_reset_second_factor(context: RequestContext, other: User) -> bool:
    return policy.may_reset(context["request"].user, other) and factors.has_second_factor(other)


@register.simple_tag
def mail_hostname() -> str:
    """Return the mail host's name, or an empty string while the settings are invalid."""
    try:
        return mail_host().hostname
    except Refused:
        return ""


@register.filter
def page_url_name(page: str) -> str:
    """Return the URL name of a model's list, or of any other page."""
    return f"admin:mailboxes_{page}_changelist" if page in MAIL_MODELS else page


@register.simple_tag
def labelled_cells(
    results: Sequence[Sequence[str]], headers: Sequence[dict[str, Any]]
) -> list[Any]:
    """Return a list's cells with their column's title, which is shown on small screens."""
    titles = ("" if "<" in header["text"] else capfirst(header["text"]) for header in headers)
    starts = [format_html('<td data-label="{}" ', title) if title else "<td " for title in titles]
    return [[labelled(*pair) for pair in zip(row, starts, strict=True)] for row in results]


def labelled(cell: str, start: str) -> SafeString:
    html = cell.replace("<td ", start, 1)
    return SafeString(html)  # nosec B703 # both were HTML before


@register.simple_tag
def sortable_headers(cl: Any, headers: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the headings of a list's columns, with links where they sort it."""
    spec: Any = getattr(cl, "sort_filter", None)
    found = []
    for column, header in zip(cl.list_display, headers, strict=True):
        link = spec.link(column) if spec and isinstance(column, str) else None
        url = cl.get_query_string({spec.parameter_name: link.value}) if link else ""
        found.append({**header, "sort_url": url, "state": link.state if link else ""})
    return found


@dataclass(frozen=True)
class ListedFilter:
    """A filter of a list, with the choices that it has there; the first one is not to filter."""

    spec: Any
    choices: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return str(self.spec.title)

    @property
    def chosen(self) -> str:
        """What is shown instead of all rows, if anything."""
        found = (choice["display"] for choice in self.choices[1:] if choice["selected"])
        return str(next(found, ""))

    @property
    def without(self) -> str:
        """The list without this filter."""
        return str(self.choices[0]["query_string"])

    @property
    def is_in_heading(self) -> bool:
        """Whether the heading of a column says it as well."""
        return bool(getattr(self.spec, "sorting", None))

    @property
    def suggestions(self) -> Sequence[str]:
        return getattr(self.spec, "suggestions", ())


@register.simple_tag
def list_filters(cl: Any) -> list[ListedFilter]:
    return [ListedFilter(spec, filter_choices(spec, cl)) for spec in cl.filter_specs]


def filter_choices(spec: Any, cl: Any) -> list[dict[str, Any]]:
    """Return the choices with a capital letter, but for names of domains."""
    found = list(spec.choices(cl))
    if getattr(spec, "is_domain", False):
        return found
    return [{**choice, "display": capfirst(choice["display"])} for choice in found]
