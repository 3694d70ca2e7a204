"""Counts that stay cheap, however large the tables are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mailboxes.addresses import in_tables
from mailboxes.models import Alias, AliasDomain, Domain

MOST = 1000
SLICE = 1000


@dataclass(frozen=True)
class Tally:
    """A number of rows, or that there are more than the number."""

    count: int
    more: bool = False

    def __str__(self) -> str:
        number = number_format(self.count, force_grouping=True)
        return _("over %(number)s") % {"number": number} if self.more else number

    def __bool__(self) -> bool:
        return self.count > 0


def domain_names(most: int = 50) -> tuple[list[str], bool]:
    """Return the first domains' names, and whether there are more of them."""
    names = list(Domain.objects.values_list("pk", flat=True)[: most + 1])
    return names[:most], len(names) > most


def tally(rows: QuerySet[Any], most: int = MOST) -> Tally:
    """Count the rows, but no further than `most`: a million would take the database too long."""
    count = rows.order_by()[: most + 1].count()
    return Tally(min(count, most), count > most)


def aliases_leading_to(address: str) -> list[Alias]:
    """Return the aliases with this target, the mailbox's own one left out."""
    found: QuerySet[Alias] = Alias.objects.filter(goto__icontains=address).exclude(pk=address)
    return [alias for alias in found if address in map(str.lower, alias.targets)]


def aliases_into(domain: str) -> list[Alias]:
    """Return the aliases of other domains that have a target in this one; it reads all aliases."""
    ending = f"@{domain}"
    found: QuerySet[Alias] = Alias.objects.filter(goto__icontains=ending).exclude(domain=domain)
    return [
        alias for alias in found if any(name.lower().endswith(ending) for name in alias.targets)
    ]


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
