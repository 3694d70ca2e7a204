"""Filters of the admin's lists."""

from collections.abc import Iterator, Sequence
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
from mailboxes.domain_addresses import without_roles
from mailboxes.export import compatibility
from mailboxes.forwarding.findings import MAX_ALIASES, check_table
from mailboxes.handling import DISCARD
from mailboxes.models import Alias, Domain, Mailbox, has_mailbox
from mailboxes.queries import capped_count, domain_names


class ListFilter(SimpleListFilter):
    """A filter that also shows a value from the URL that is not one of its choices."""

    def value(self) -> str | None:
        return (super().value() or "").strip() or None

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        found = list(super().choices(changelist))
        yield from found
        if not any(choice["selected"] for choice in found):
            yield {"selected": True, "query_string": "?", "display": self.value()}


class StatusFilter(ListFilter):
    """Active or disabled rows; its parameter is that of the stock filter of this column."""

    title = _("status")
    parameter_name = "active__exact"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("1", str(_("active"))), ("0", str(_("disabled")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(active=self.value() == "1") if self.value() else queryset


class DomainFilter(ListFilter):
    """Rows of one domain. If there are many domains, only the selected one is a link."""

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

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(domain=self.value()) if self.value() else queryset


class AliasKindFilter(ListFilter):
    """Aliases that somebody created, by default, or the mailboxes' own."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("own", str(_("mailboxes' own"))),
            ("handled", str(_("refused or discarded"))),
            ("all", str(_("all"))),
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


class AttentionFilter(ListFilter):
    """What the dashboard warns about; not offered if the table is too large to read."""

    title = _("needs attention")
    parameter_name = "attention"
    not_available: Promise

    def has_output(self) -> bool:
        return bool(self.lookup_choices or self.value())

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        *others, last = super().choices(changelist)
        yield from others
        known = last["display"] != self.value()
        yield last if known else {**last, "display": self.not_available}


class MailboxAttentionFilter(AttentionFilter):
    not_available = _("not available for this many mailboxes")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        mailboxes = scope_of(request.user).narrow(Mailbox.objects.all())
        if capped_count(mailboxes, queries.MAX_ROWS).more:
            return []
        full = [("full", str(_("nearly full")))] if usage.knows_usage() else []
        return [*full, ("weak", str(_("weak password hash")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        found = (
            compatibility.weak_passwords(queryset)
            if self.value() == "weak"
            else usage.nearly_full(queryset)
        )
        return queryset.filter(pk__in=found or [])


class AliasAttentionFilter(AttentionFilter):
    """Aliases to which mail is deferred, or whose targets it doesn't all reach."""

    not_available = _("not available for this many aliases")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        aliases = scope_of(request.user).narrow(Alias.objects.all())
        if capped_count(aliases, MAX_ALIASES).more:
            return []
        return [("deferred", str(_("mail is deferred"))), ("dead", str(_("dead targets")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        found = check_table(scope_of(request.user).narrow(Alias.objects.all())) or []
        wanted = self.value() == "deferred"
        return queryset.filter(pk__in=[one.alias for one in found if one.is_deferred == wanted])


class DomainAttentionFilter(AttentionFilter):
    """Domains without postmaster@ or abuse@."""

    not_available = _("not available for this many domains")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        domains = scope_of(request.user).narrow(Domain.objects.all())
        if capped_count(domains, queries.MAX_ROWS).more:
            return []
        return [("roles", str(_("without postmaster@ or abuse@")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        known = self.value() in dict(self.lookup_choices)
        return without_roles(queryset) if known else queryset.none()
