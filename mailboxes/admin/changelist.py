"""Lists by key: a page begins after the key that the last one ended with.

So the last page of a million costs what the first does, and nothing is counted that is not shown.
"""

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, override

from mailboxes.admin import display
from mailboxes.admin.bulk_actions import ChosenRows, page_of
from mailboxes.models import Domain
from mailboxes.queries import search, slices, tally

AFTER, BEFORE, WITHIN = "after", "before", "within"
OWN = (AFTER, BEFORE, WITHIN)


class KeyChangeList(ChangeList):
    """A change list that is paged and sorted by the primary key alone."""

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        for name in (AFTER, BEFORE):  # another filter or search begins with its first page
            self.params.pop(name, None)
            self.filter_params.pop(name, None)

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        found = super().get_filters_params(params)
        return {name: value for name, value in found.items() if name not in OWN}

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        return ["pk"]

    def get_results(self, request: HttpRequest) -> None:
        """Read one row more than a page, to know whether there is another page."""
        self.show_all = self.multi_page = False
        self.within = WITHIN in request.GET
        self.tally = tally(self.queryset)
        self.result_count = self.tally.count
        after, before = request.GET.get(AFTER) or None, request.GET.get(BEFORE) or None
        rows, more = self.page(after, before)
        if not rows and (after or before):  # they have been deleted since
            after = before = None
            rows, more = self.page(after, before)
        self.result_list = rows
        self.has_previous = bool(after) if before is None else more
        self.has_next = more if before is None else True
        self.show_admin_actions = True

    def page(self, after: str | None, before: str | None) -> tuple[list[Model], bool]:
        """Return the rows that follow one key or precede another, and whether there are more."""
        rows = self.queryset
        if before is not None:
            rows = rows.filter(pk__lt=before).order_by("-pk")
        elif after:
            rows = rows.filter(pk__gt=after)
        found = list(rows[: self.list_per_page + 1])
        more = len(found) > self.list_per_page
        found = found[: self.list_per_page]
        return (found if before is None else found[::-1]), more

    @property
    def first_url(self) -> str:
        return self.get_query_string()

    @property
    def previous_url(self) -> str:
        if not self.has_previous or not self.result_list:
            return ""
        return self.get_query_string({BEFORE: self.result_list[0].pk})

    @property
    def next_url(self) -> str:
        if not self.has_next or not self.result_list:
            return ""
        return self.get_query_string({AFTER: self.result_list[-1].pk})

    @property
    def within_url(self) -> str:
        return self.get_query_string({WITHIN: "1"})

    @property
    def lacks_domain(self) -> bool:
        return self.model is not Domain and not Domain.objects.exists()

    @property
    def on_other_pages(self) -> bool:
        return self.has_next or self.has_previous


class Echo:
    """A file that gives back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def defused(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula, such as the catch-all `@example.org`."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


class ListAdmin(ChosenRows):
    """A list by key, with deeds on many rows and a CSV of what is shown."""

    list_per_page = 50
    list_display_links = None
    sortable_by = ()
    show_full_result_count = False
    search_keys: tuple[str, ...] = ("pk",)
    """What an index finds by its beginning."""

    search_within: tuple[str, ...] = ()
    search_fields = ["pk"]  # the stock admin asks it whether there is a search at all
    columns: tuple[str, ...] = ()
    """The columns of the CSV."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeyChangeList]:
        return KeyChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist: Any = super().get_changelist_instance(request)
        self.furnish(changelist.result_list)
        changelist.title = capfirst(str(self.opts.verbose_name_plural))
        address = page_of(self.opts, "change", "PK")
        filters = {"preserved_filters": changelist.preserved_filters, "opts": self.opts}
        before, after = add_preserved_filters(filters, address).split("PK", 1)
        for row in changelist.result_list:
            row.url = before + quote(row.pk) + after
        return changelist

    def furnish(self, rows: list[Any]) -> None:
        """Give the rows what the tables of others know of them, in one query for each table."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filters alone, by their whole names.

        `?password__startswith=` would tell a hash letter by letter, and so would
        `?domain__mailbox__password__startswith=`.
        """
        return lookup in ("active__exact", "attention", "domain", "kind")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        slow = "within" in request.GET
        found = search(queryset, search_term, self.search_keys, self.search_within, slow)
        return found, False

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        return [path("csv/", self.admin_site.admin_view(self.csv), name=name), *super().get_urls()]

    # CSV

    def csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Send all rows that the search and the filters find, one query for each thousand."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(page_of(self.opts, "changelist"))
        with override("en"):
            kind = str(self.opts.verbose_name_plural).replace(" ", "-")
        name = f"{kind}-{timezone.now():%Y-%m-%d}.csv"
        user = request.user
        if isinstance(user, User):
            text = gettext_noop("Downloaded as CSV.")
            LogEntry.objects.create(
                user=user, action_flag=CHANGE, object_repr=name, change_message=text
            )
        answer = StreamingHttpResponse(
            self.csv_lines(changelist.queryset), content_type="text/csv; charset=utf-8"
        )
        answer["Content-Disposition"] = f'attachment; filename="{quote(name)}"'
        return answer

    def csv_lines(self, queryset: QuerySet[Any]) -> Iterator[str]:
        writer = csv.writer(Echo())
        yield "\ufeff"  # or Excel takes UTF-8 for something else
        yield writer.writerow(self.columns)
        for rows in slices(queryset):
            self.furnish(rows)
            for row in rows:
                values = [defused(value) for value in self.csv_row(row)]
                yield writer.writerow(values)

    def csv_row(self, row: Any) -> list[Any]:
        return [getattr(row, column) for column in self.columns]

    # Cells

    @admin.display(description=_("status"))
    def status(self, row: Any) -> str:
        return display.status(row.active)

    @admin.display(description=_("changed"))
    def changed(self, row: Any) -> str:
        return display.moment(row.modified)


def iso(time: Any) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else ""


class InDomainList(ListAdmin):
    """A list of rows that belong to domains, which may be disabled."""

    def furnish(self, rows: list[Any]) -> None:
        names = {row.domain_id for row in rows}
        disabled = Domain.objects.filter(pk__in=names, active=False).values_list("pk", flat=True)
        closed = {name.lower() for name in disabled}
        for row in rows:
            row.domain_active = row.domain_id.lower() not in closed

    @admin.display(description=_("status"))
    def status(self, row: Any) -> str:
        return display.status(row.active, row.domain_active)
