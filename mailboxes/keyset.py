"""Lists by key: a page begins after the key that the last one ended with.

So the last page of a million costs what the first does, and nothing is counted that is not shown.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from mailboxes.addresses import in_tables
from mailboxes.models import AliasDomain, Domain
from mailboxes.tallies import tally

AFTER, BEFORE, WITHIN = "after", "before", "within"
OWN = (AFTER, BEFORE, WITHIN)
SLICE = 1000


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


def slices(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield all rows by key, so many at a time: MySQL's client library keeps a whole answer."""
    rows = rows.order_by("pk")
    last = ""
    while found := list(rows.filter(pk__gt=last)[:SLICE]):
        yield found
        last = found[-1].pk


def search(
    rows: QuerySet[Any], asked: str, keys: Sequence[str], within: Sequence[str], slow: bool
) -> QuerySet[Any]:
    """Return the rows that one means by `anna`, `anna@`, `@example.org` or `example.org`.

    An index answers: one of the `keys` begins with what is asked for, or the row's domain does. If
    that finds nothing, or where it is asked to be slow, it looks `within` columns, row by row.
    """
    asked = asked.strip()
    quick = rows.filter(beginning(rows.model, asked, keys))
    if not slow and quick.exists():
        return quick
    return rows.filter(any_of(within, "icontains", asked.removeprefix("@")))


def beginning(model: type[Model], asked: str, keys: Sequence[str]) -> Q:
    name, at, rest = asked.rpartition("@")
    rest = in_tables(rest)
    asked = f"{name}{at}{rest}"
    if issubclass(model, Domain | AliasDomain):
        return any_of(keys, "istartswith", rest)
    if name or not rest:
        return any_of(keys, "istartswith", asked)
    if Domain.objects.filter(pk=rest).exists():
        return Q(domain=rest)  # and not example.org.uk
    of_domain = Q(domain__pk__istartswith=rest)
    return of_domain if at else of_domain | any_of(keys, "istartswith", asked)


def any_of(columns: Sequence[str], lookup: str, text: str) -> Q:
    found = Q()
    for column in columns:
        found |= Q(**{f"{column}__{lookup}": text})
    return found
