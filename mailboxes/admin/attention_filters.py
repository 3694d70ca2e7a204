"""Filters for what the dashboard warns about."""

from collections.abc import Collection

from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mailboxes import queries, usage
from mailboxes.access.grants import scope_of
from mailboxes.admin.filters import BoundedFilter, ListFilter, flag_source
from mailboxes.domain_addresses import without_roles
from mailboxes.export import compatibility
from mailboxes.forwarding.findings import MAX_ALIASES, check_table
from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.counts import exceed
from mailboxes.lookup_tables.flags import has_flag
from mailboxes.lookup_tables.tables import are_kept, usage_is_kept
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import Source, capped_count, unindexed


class AttentionFilter(BoundedFilter):
    """What the dashboard warns about."""

    title = _("needs attention")
    parameter_name = "attention"


class MailboxAttentionFilter(AttentionFilter):
    not_available = _("not available for this many mailboxes")

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        """Offer both; in an adopted database, whether there are too many is only counted then."""
        mailboxes = scope_of(request.user).narrow(Mailbox.objects.all())
        is_read = bool(self.value()) and not are_kept()
        if is_read and capped_count(mailboxes, queries.MAX_ROWS).more:
            return []
        full = [("full", str(_("nearly full")))] if usage.knows_usage() else []
        return [*full, ("weak", str(_("weak password hash")))]

    @property
    def flag(self) -> str:
        """The flag of the mailboxes that are shown, if it is kept."""
        if self.value() not in dict(self.lookup_choices) or not are_kept():
            return ""
        if self.value() == "weak":
            return Flag.WEAK
        return Flag.FULL if usage_is_kept() else ""

    def source(self, domains: Collection[str] | None) -> Source | None:
        return flag_source(Mailbox, self.flag, domains)

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        if self.flag:
            return queryset.filter(has_flag(self.flag))
        found = (
            compatibility.weak_passwords(queryset)
            if self.value() == "weak"
            else (usage.nearly_full(queryset) or ([], False))[0]
        )
        return queryset.filter(pk__in=found)


class AliasAttentionFilter(AttentionFilter):
    """Aliases to which mail is deferred, or whose targets it doesn't all reach."""

    not_available = _("not available for this many aliases")

    @property
    def names_rows(self) -> bool:
        return bool(self.value())

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        scope = scope_of(request.user)
        if exceed(scope.narrow(Alias.objects.all()), MAX_ALIASES, scope.domains):
            return []
        return [("deferred", str(_("mail is deferred"))), ("dead", str(_("dead targets")))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        if self.value() not in dict(self.lookup_choices):
            return queryset.none()
        scope = scope_of(request.user)
        found = check_table(scope.narrow(Alias.objects.all()), scope.domains) or []
        wanted = self.value() == "deferred"
        return queryset.filter(pk__in=[one.alias for one in found if one.is_deferred == wanted])


class DomainAttentionFilter(ListFilter):
    """Domains without postmaster@ or abuse@, however many there are."""

    title = AttentionFilter.title
    parameter_name = AttentionFilter.parameter_name

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [("roles", str(_("without postmaster@ or abuse@")))]

    def source(self, domains: Collection[str] | None) -> Source | None:
        """Return all domains, which are searched in parts."""
        if self.value() != "roles":
            return None
        rows = Domain.objects.all()
        return unindexed(rows if domains is None else rows.filter(pk__in=sorted(domains)), "pk")

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        return without_roles(queryset) if self.value() == "roles" else queryset.none()
