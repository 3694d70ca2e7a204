"""The admin lists' filters."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mailboxes import usage
from mailboxes.addresses import in_tables
from mailboxes.export import compatibility
from mailboxes.models import Mailbox, is_own
from mailboxes.queries import domain_names, tally


class ListFilter(SimpleListFilter):
    """A filter that also shows what was asked for and is none of its choices."""

    def value(self) -> str | None:
        return (super().value() or "").strip() or None

    def choices(self, changelist: Any) -> Iterator[Any]:
        found = list(super().choices(changelist))
        yield from found
        if not any(choice["selected"] for choice in found):
            yield {"selected": True, "query_string": "?", "display": self.value()}


class StatusFilter(ListFilter):
    """Rows that are active, or disabled; named as the stock filter of that column is."""

    title = _("status")
    parameter_name = "active__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", str(_("active"))), ("0", str(_("disabled")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(active=self.value() == "1") if self.value() else queryset


class DomainFilter(ListFilter):
    """Rows of one domain. Where domains are many, the chosen one alone is a link."""

    title = _("domain")
    parameter_name = "domain"
    many: Sequence[str] = ()
    """The first names, to be suggested where they are too many to be listed."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names, many = domain_names()
        if many:
            self.many = names
            chosen = request.GET.get("domain", "").strip()
            names = [in_tables(chosen)] if chosen else []
        return [(name, name) for name in names]

    def has_output(self) -> bool:
        return True

    def value(self) -> str | None:
        return in_tables(super().value() or "") or None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(domain=self.value()) if self.value() else queryset


class AliasKindFilter(ListFilter):
    """Aliases that somebody made, which is what is looked for, or those of the mailboxes."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("own", str(_("of the mailboxes"))), ("all", str(_("all")))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield {**first, "display": _("aliases")}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        kinds = {"own": queryset.filter(is_own()), "all": queryset}
        return kinds.get(self.value() or "", queryset.filter(~is_own()))


class AttentionFilter(ListFilter):
    """Mailboxes of which the dashboard warns; not on a table too long to be read through."""

    title = _("attention")
    parameter_name = "attention"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        if tally(Mailbox.objects.all(), usage.MOST).more:
            return []
        full = [("full", str(_("nearly full")))] if usage.knows_usage() else []
        return [*full, ("weak", str(_("weak password form")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        found = compatibility.weak_forms() if self.value() == "weak" else usage.nearly_full()
        return queryset.filter(pk__in=found or [])

    def has_output(self) -> bool:
        return bool(self.lookup_choices or self.value())

    def choices(self, changelist: Any) -> Iterator[Any]:
        *others, last = super().choices(changelist)
        yield from others
        known = last["display"] != self.value()
        yield last if known else {**last, "display": _("not on a table of this length")}
