"""Lists that are paged by key, with search, bulk actions and CSV.

Each page starts after the key that the previous one ended with, so the last page of a million rows
costs the same as the first, and only what is shown is counted.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from mailboxes.access.grants import scope_of
from mailboxes.addresses import to_ascii
from mailboxes.admin import display
from mailboxes.admin.bulk_actions import BulkActionsAdmin, admin_url
from mailboxes.admin.filters import ListFilter, SortFilter
from mailboxes.audit.log import log_event, subject
from mailboxes.csv_download import csv_response
from mailboxes.formats import number
from mailboxes.lookup_tables.counts import total
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import (
    MAX_READ,
    READ_AT_ONCE,
    CappedCount,
    Page,
    batches,
    capped_count,
    found_by,
    page_after,
    page_of_keys,
    source_of,
)
from mailboxes.request_actors import administrator
from mailboxes.search import MAX_INSIDE, TOO_FREQUENT, Found, search
from mailboxes.sorting import Sorting, key_of, sorted_page

AFTER, BEFORE = "after", "before"
OWN_PARAMS = (AFTER, BEFORE, "inside")
"""The parameters that are no filters; the last one was part of links in former versions."""

BEGINNINGS = _(
    "With more than %(number)s entries, matches inside words may be missing. To find all, "
    "type the beginning of a word."
)
BEGINNINGS_OR_DOMAIN = _(
    "With more than %(number)s entries, matches inside words may be missing. To find all, "
    "type the beginning of a word, or add the domain."
)


class KeysetChangeList(ChangeList):
    """A change list that is paged by the primary key; that of some domains by domain first."""

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.request = request
        super().__init__(request, *args)
        for name in (AFTER, BEFORE):  # another filter or search starts on its first page
            self.params.pop(name, None)
            self.filter_params.pop(name, None)

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in OWN_PARAMS}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[Any]:
        return list(queryset.query.order_by or ["pk"])

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet:
        """Let the rows be found by the filter that has an index of its own, if there is one."""
        rows = super().get_queryset(request, *args, **kwargs)
        specs = self.narrowing
        sources = [found for spec in specs if (found := spec.source(self.domains))]
        if not sources or self.query or any(spec.names_rows for spec in specs):
            return rows
        others = [spec for spec in specs if spec.value() and spec.domains is None]
        is_exact = (
            sources[0].is_exact
            and len(sources) == 1
            and all(spec.source(self.domains) for spec in others)
        )
        if len(sources) > 1:
            sources.sort(key=lambda source: source.rows[:READ_AT_ONCE].count())
        return found_by(rows, replace(sources[0], is_exact=is_exact))

    def get_results(self, request: HttpRequest) -> None:
        """Read one row more than fits on the page, to find out whether there is another page."""
        self.show_all = self.multi_page = False
        self.found: Found | None = getattr(request, "found", None)
        if self.found and self.found.keys is not None:
            self.count = CappedCount(len(self.found.keys), self.found.more)
        else:
            known = self.request.known_count = self.known_count()  # type: ignore[attr-defined]
            self.count = known or capped_count(self.queryset)
        self.result_count = self.count.number
        after, before = request.GET.get(AFTER, ""), request.GET.get(BEFORE, "")
        page = self.page(after, before)
        source = source_of(self.queryset)
        is_partial = source is not None and not source.is_exact
        in_parts = is_partial or self.sorting is not None  # so the last part may be empty
        if not (page.rows or page.more or in_parts):  # they have been deleted since
            after = before = ""
            page = self.page(after, before)
        self.result_list = page.rows[::-1] if before else page.rows
        self.stopped_at = page.last
        """The place up to which rows were searched, if more would have taken too long."""

        self.stopped_key = key_of(page.last) if self.sorting else page.last
        self.has_previous = page.more if before else bool(after)
        self.has_next = True if before else page.more
        self.show_admin_actions = True

    @property
    def narrowing(self) -> list[ListFilter]:
        """The filters that leave rows out."""
        return [
            spec
            for spec in self.filter_specs
            if isinstance(spec, ListFilter) and not isinstance(spec, SortFilter)
        ]

    @property
    def sort_filter(self) -> SortFilter | None:
        return next((spec for spec in self.filter_specs if isinstance(spec, SortFilter)), None)

    @property
    def sorting(self) -> Sorting | None:
        return self.sort_filter.sorting if self.sort_filter else None

    @property
    def domains(self) -> Collection[str] | None:
        """The domains whose rows are shown, by a filter or by the administrator's reach."""
        found = (spec.domains for spec in self.narrowing if spec.domains is not None)
        return next(found, scope_of(self.request.user).domains)

    def known_count(self) -> CappedCount | None:
        """Return the number of rows, if it is kept: of all of them, or of a domain."""
        specs = self.narrowing
        names: dict[Any, str] = {Mailbox: "mailboxes", Alias: "aliases"}
        kept = names.get(self.model)
        if kept is None or self.query or any(spec.value() for spec in specs if not spec.is_domain):
            return None
        domains = next((spec.domains for spec in specs if spec.domains is not None), None)
        scope = scope_of(self.request.user)
        if domains is not None:  # of others, not even the number is shown
            domains = [name for name in domains if scope.includes(name)]
        found = total(scope.domains if domains is None else domains)
        return CappedCount(getattr(found, kept)) if found else None

    def page(self, after: str, before: str) -> Page:
        """Return the rows that follow one place or precede another, and whether there are more."""
        number, place = self.list_per_page, before or after
        keys = self.found.keys if self.found else None
        if self.sorting:
            domains = self.domains
            if self.found and self.found.domains is not None:
                domains = self.found.domains
            return sorted_page(
                self.queryset, self.sorting, domains, place, number, bool(before), keys
            )
        if keys is not None:
            return page_of_keys(self.queryset, keys, place, number, bool(before))
        return page_after(self.queryset, place, number, bool(before), MAX_READ)

    @property
    def first_url(self) -> str:
        return self.get_query_string()

    @property
    def previous_url(self) -> str:
        if not self.has_previous or not (self.result_list or self.stopped_at):
            return ""
        first = place_of(self.result_list[0]) if self.result_list else self.stopped_at
        return self.get_query_string({BEFORE: first})

    @property
    def next_url(self) -> str:
        if not self.has_next or not (self.result_list or self.stopped_at):
            return ""
        is_forward = self.stopped_at and BEFORE not in self.request.GET
        last = self.stopped_at if is_forward else place_of(self.result_list[-1])
        return self.get_query_string({AFTER: last})

    @property
    def search_note(self) -> str:
        """Say if only some of the rows were searched, or their words only from the beginning."""
        if self.found and self.found.is_cut:
            return str(TOO_FREQUENT)
        if not self.found or not self.found.is_partial:
            return ""
        text = BEGINNINGS_OR_DOMAIN if self.model in (Mailbox, Alias) else BEGINNINGS
        return text % {"number": number(MAX_INSIDE)}

    @property
    def lacks_domain(self) -> bool:
        return self.model is not Domain and not Domain.objects.exists()

    @property
    def on_other_pages(self) -> bool:
        return self.has_next or self.has_previous


def place_of(row: Any) -> str:
    return str(getattr(row, "place", row.pk))


class ListAdmin(BulkActionsAdmin):
    """A list that is paged by key, with bulk actions and a CSV of what is shown."""

    list_per_page = 50
    list_display_links = None
    sortable_by = ()
    show_full_result_count = False
    search_columns: tuple[str, ...] = ()
    """The columns in which the words are searched."""

    search_fields = ["pk"]  # enables the stock admin's search
    csv_columns: tuple[str, ...] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[KeysetChangeList]:
        return KeysetChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist: Any = super().get_changelist_instance(request)
        self.annotate(changelist.result_list)
        changelist.title = capfirst(str(self.opts.verbose_name_plural))
        url = admin_url(self.opts, "change", "PK")
        filters = {"preserved_filters": changelist.preserved_filters, "opts": self.opts}
        before, after = add_preserved_filters(filters, url).split("PK", 1)
        for row in changelist.result_list:
            row.url = before + quote(row.pk) + after
        return changelist

    def annotate(self, rows: list[Any]) -> None:
        """Add data from other tables to the rows, with one query per table."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only the filters, by their full names.

        `?password__startswith=` would reveal a hash letter by letter, and so would
        `?domain__mailbox__password__startswith=`.
        """
        return lookup in ("active__exact", "attention", "domain", "kind", "sort")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not search_term.strip():
            return queryset, False
        domains = scope_of(request.user).domains
        if request.GET.get("domain"):
            domains = frozenset([to_ascii(request.GET["domain"].strip())])
        found = search(queryset, search_term, self.search_columns, domains)
        request.found = found  # type: ignore[attr-defined]
        return found.rows, False

    @admin.display(description=_("status"))
    def status(self, row: Any) -> str:
        return display.status(row.active)

    @admin.display(description=_("changed"))
    def changed(self, row: Any) -> str:
        return display.local_time(row.modified)

    # CSV

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        view = self.admin_site.admin_view(self.csv_view)
        return [path("csv/", view, name=name), *super().get_urls()]

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send all rows that match the search and the filters."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(admin_url(self.opts, "changelist"))
        with override("en"):
            kind = str(self.opts.verbose_name_plural).replace(" ", "-")
        name = f"{kind}-{timezone.now():%Y-%m-%d}.csv"
        log_event(administrator(request), f"{self.opts.model_name}.download", subject("file", name))
        return csv_response(name, self.csv_columns, self.csv_rows(changelist.queryset))

    def csv_rows(self, queryset: QuerySet) -> Iterator[list[Any]]:
        """Yield each row's cells, with one query per thousand rows."""
        for rows in batches(queryset):
            self.annotate(rows)
            yield from map(self.csv_row, rows)

    def csv_row(self, row: Any) -> list[Any]:
        return [getattr(row, column) for column in self.csv_columns]


class InDomainList(ListAdmin):
    """A list of rows that belong to domains, which may be disabled."""

    def annotate(self, rows: list[Any]) -> None:
        names = {row.domain_id for row in rows}
        disabled = Domain.objects.filter(pk__in=names, active=False).values_list("pk", flat=True)
        closed = {name.lower() for name in disabled}
        for row in rows:
            row.domain_active = row.domain_id.lower() not in closed

    @admin.display(description=_("status"))
    def status(self, row: Any) -> str:
        return display.status(row.active, row.domain_active)
