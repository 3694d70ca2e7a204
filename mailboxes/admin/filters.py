"""Filters of the admin's lists."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailboxes import queries, usage
from mailboxes.access.grants import scope_of
from mailboxes.addresses import REFUSED_DOMAIN, to_ascii
from mailboxes.handling import DISCARD
from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.flags import flagged
from mailboxes.lookup_tables.tables import are_kept, usage_is_kept
from mailboxes.models import Alias, Domain, Mailbox, has_mailbox
from mailboxes.queries import (
    BY_DOMAIN,
    Source,
    capped_count,
    domain_names,
    exceeds,
    in_domains,
    unindexed,
)
from mailboxes.sorting import MAX_SORTED, Sorting

DISABLED: dict[Any, str] = {Mailbox: Flag.DISABLED_MAILBOX, Alias: Flag.DISABLED_ALIAS}


class ListFilter(SimpleListFilter):
    """A filter that also shows a value from the URL that is not one of its choices."""

    def value(self) -> str | None:
        return (super().value() or "").strip() or None

    def __init__(self, request: HttpRequest, params: Any, model: Any, *args: Any) -> None:
        self.model = model
        super().__init__(request, params, model, *args)

    is_domain = False
    """Whether it is the filter of domains."""

    @property
    def names_rows(self) -> bool:
        """Whether the filter names the rows that it shows, so that they are found by key."""
        return False

    @property
    def domains(self) -> Collection[str] | None:
        """The domains whose rows the filter shows; None for all."""
        return None

    def source(self, domains: Collection[str] | None) -> Source | None:
        """Return the index that has the rows which the filter shows, if there is one."""
        return None

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        found = list(super().choices(changelist))
        yield from found
        if not any(choice["selected"] for choice in found):
            yield {"selected": True, "query_string": "?", "display": self.value()}


def flag_source(model: Any, flag: str, domains: Collection[str] | None) -> Source | None:
    """Return the index of the rows with a flag; in an adopted database, all rows, which are then
    searched in parts.
    """
    if not flag:
        return None
    if are_kept():
        return Source(flagged(flag, domains))
    return in_domain_parts(model, domains)


def in_domain_parts(model: Any, domains: Collection[str] | None) -> Source:
    rows = model._default_manager.all()
    return unindexed(rows if domains is None else rows.filter(in_domains(domains)))


class StatusFilter(ListFilter):
    """Active or disabled rows; its parameter is that of the stock filter of this column."""

    title = _("status")
    parameter_name = "active__exact"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("1", str(_("active"))), ("0", str(_("disabled")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(active=self.value() == "1") if self.value() else queryset

    def source(self, domains: Collection[str] | None) -> Source | None:
        """Let active rows, too, be looked for in parts, unless the disabled ones are few."""
        flag = DISABLED.get(self.model, "") if self.value() else ""
        if self.value() != "1" or not flag:
            return flag_source(self.model, flag, domains)
        if are_kept() and not exceeds(flagged(flag, domains), queries.MAX_COUNT):
            return None
        return in_domain_parts(self.model, domains)


class DomainFilter(ListFilter):
    """Rows of one domain. If there are many domains, only the selected one is a link."""

    is_domain = True
    title = _("domain")
    parameter_name = "domain"
    suggestions: Sequence[str] = ()
    """The first names, if there are too many for a list."""

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        domains = scope_of(request.user).narrow(Domain.objects.all())
        names, more = domain_names(domains)
        if more:
            self.suggestions = names
            selected = request.GET.get("domain", "").strip()
            names = [to_ascii(selected)] if selected else []
        return [(name, name) for name in names]

    def has_output(self) -> bool:
        return True

    def value(self) -> str | None:
        return to_ascii(super().value() or "") or None

    @property
    def domains(self) -> Collection[str] | None:
        return [name] if (name := self.value()) else None

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Order the rows of a domain as its index has them, also behind a key."""
        if self.domains is None:
            return queryset
        return queryset.filter(in_domains(self.domains)).order_by(*BY_DOMAIN)


class AliasKindFilter(ListFilter):
    """Aliases that somebody created, by default, or the mailboxes' own."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("own", str(_("mailboxes' own"))),
            ("handled", str(_("refused or discarded"))),
            ("all", str(_("all kinds"))),
        ]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("aliases")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        handled = Q(goto__iendswith=f"@{REFUSED_DOMAIN}") | Q(goto=DISCARD)
        kinds = {
            "own": queryset.filter(has_mailbox()),
            "handled": queryset.filter(handled),
            "all": queryset,
        }
        return kinds.get(self.value() or "", queryset.filter(~has_mailbox()))

    def source(self, domains: Collection[str] | None) -> Source | None:
        if self.value() == "own":
            rows = Mailbox.objects.order_by()
            rows = rows if domains is None else rows.filter(in_domains(domains))
            return Source(rows, "pk", "domain_id")
        flags = {"handled": Flag.HANDLED, "all": ""}
        return flag_source(Alias, flags.get(self.value() or "", Flag.ALIAS), domains)


class BoundedFilter(ListFilter):
    """A filter that is shown, but not available, if the table is too large to read."""

    not_available: Promise

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        *others, last = super().choices(changelist)
        yield from others
        known = self.lookup_choices and last["display"] != self.value()
        yield last if known else {**last, "display": self.not_available}


@dataclass(frozen=True)
class SortLink:
    """The heading of a column by which a list can be sorted."""

    value: str | None
    """What the parameter becomes with a click; None to remove it."""

    state: str = ""
    """How the list is sorted by this column now: ascending, descending or not at all."""


class SortFilter(BoundedFilter):
    """By what the mailboxes are sorted; in the URL, a hyphen stands for descending."""

    title = _("sorted by")
    parameter_name = "sort"
    not_available = _("address; others not available for this many mailboxes")
    columns: Mapping[str, str] = {"usage": "bytes", "sign-in": "last_login"}

    def __init__(self, *args: Any) -> None:
        self.known = [
            (value, text)
            for knows, choices in SORTINGS
            if knows()
            for value, text in choices.items()
        ]
        super().__init__(*args)

    def has_output(self) -> bool:
        return bool(self.known)

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        mailboxes = scope_of(request.user).narrow(Mailbox.objects.all())
        if not usage_is_kept() and capped_count(mailboxes, MAX_SORTED).more:
            return []
        return [(value, str(text)) for value, text in self.known]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        is_plain = bool(self.lookup_choices)
        yield {**first, "display": _("address")} if is_plain else first
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset

    def link(self, column: str) -> SortLink | None:
        """Return what the heading of a list's column links to, if it sorts the list."""
        name = {"name_link": "", "usage": "usage", "signed_in": "sign-in"}.get(column)
        value = (self.value() or "") if self.sorting else ""
        if name is None or (name and f"-{name}" not in dict(self.lookup_choices)):
            return None
        if not name:
            return SortLink(None) if value else None
        state = {f"-{name}": "descending", name: "ascending"}.get(value, "")
        return SortLink(name if state == "descending" else f"-{name}", state)

    @property
    def sorting(self) -> Sorting | None:
        value = self.value() or ""
        if value not in dict(self.lookup_choices):
            return None
        return Sorting(self.columns[value.lstrip("-")], value.startswith("-"))


SORTINGS: list[tuple[Callable[[], bool], dict[str, Promise]]] = [
    (
        usage.knows_usage,
        {"-usage": _("usage, largest first"), "usage": _("usage, smallest first")},
    ),
    (
        usage.knows_sign_ins,
        {
            "-sign-in": _("last sign-in, latest first"),
            "sign-in": _("last sign-in, earliest first"),
        },
    ),
]
