"""Which aliases may forward to some addresses, or into a domain, without reading all aliases."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db.models import Q, QuerySet

from mailboxes.lookup_models import AliasTarget
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.models import Alias
from mailboxes.queries import READ_AT_ONCE, slices, with_keys

T = TypeVar("T")
NAMES_PER_QUERY = 500
EXTENDED_PER_QUERY = 50
"""Of how many names one query looks for those with an extension, each in its own range."""

CROSSES = Q(crosses__in=[True])
"""Which targets are in another domain than their alias, so that SQLite uses the index."""


def batched(items: Iterable[T], number: int) -> Iterator[list[T]]:
    """Yield the items in lists, as `itertools.batched` does from Python 3.12 on."""
    rest = iter(items)
    while some := list(islice(rest, number)):
        yield some


def may_forward_to(
    names: Collection[str], signs: str, rows: QuerySet, maximum: int, outside: Collection[str] = ()
) -> Iterator[Alias]:
    """Yield those of the aliases whose targets may be among these addresses and catch-alls.

    `signs` separate an extension from a local part. Aliases to an address of a domain that is
    `outside` only count if they are in other domains. At most a `maximum` is looked at.
    """
    found = dict.fromkeys(islice(aliases_to(names, signs, maximum, outside), maximum))
    yield from with_keys(rows, list(found))


def aliases_to(
    names: Collection[str],
    signs: str,
    maximum: int | None = None,
    outside: Collection[str] = (),
) -> Iterator[str]:
    """Yield the names of aliases, the same more than once if they have several such targets."""
    domains = [name[1:] for name in names if name.startswith("@")]
    addresses = [name for name in names if not name.startswith("@")]
    rows = AliasTarget.objects.order_by()
    crossing = [domain for domain in domains if domain in outside]
    others = [domain for domain in domains if domain not in outside]
    for found, wanted in ((rows.filter(CROSSES), crossing), (rows, others)):
        for some in batched(wanted, NAMES_PER_QUERY):
            yield from found.filter(domain__in=some).values_list("alias", flat=True)[:maximum]
    for some in batched(addresses, NAMES_PER_QUERY):
        yield from rows.filter(target__in=some).values_list("alias", flat=True)[:maximum]
    for some in batched(addresses if signs else [], EXTENDED_PER_QUERY):
        condition = Q()
        for name in some:
            local_part, _at, domain = name.rpartition("@")
            for sign in signs:
                start, end = f"{local_part}{sign}", f"@{domain}"
                condition |= Q(target__istartswith=start, target__iendswith=end)
        yield from rows.filter(condition).values_list("alias", flat=True)[:maximum]


def aliases_forwarding_into(
    domain: str, aliases: QuerySet, maximum: int | None = None, crosses: bool = False
) -> list[Alias]:
    """Return the first of the aliases with a target in this domain.

    Only those in other domains, if it `crosses`. In an adopted database, all aliases are read.
    """
    if are_kept():
        found = AliasTarget.objects.filter(CROSSES if crosses else Q(), domain=domain)
        names = dict.fromkeys(found.order_by("alias").values_list("alias", flat=True)[:maximum])
        rows = with_keys(aliases, list(names))
    else:
        rows = read_all(aliases.filter(goto__icontains=f"@{domain}"))
    return list(islice((alias for alias in rows if alias.forwards_into(domain)), maximum))


def crossing_into(domain: str, addresses: Iterable[str]) -> Iterator[list[str]]:
    """Yield the names of the aliases in other domains with a target in this one, in batches, and of
    those to PostfixAdmin's vacation addresses, which name one of its addresses before their @.
    """
    for some in batched(addresses, EXTENDED_PER_QUERY):
        condition = Q()
        for address in some:
            condition |= Q(target__istartswith=f"{address.replace('@', '#')}@")
        yield list(AliasTarget.objects.filter(condition).values_list("alias", flat=True))
    rows = AliasTarget.objects.filter(CROSSES, domain=domain).order_by("alias")
    last = ""
    while names := list(rows.filter(alias__gt=last).values_list("alias", flat=True)[:READ_AT_ONCE]):
        yield names
        last = names[-1]


def read_all(aliases: QuerySet) -> Iterator[Alias]:
    """Yield those of all aliases that meet conditions which no index serves."""
    for part, _is_last in slices(Alias.objects.order_by("pk")):
        yield from aliases.filter(part)
