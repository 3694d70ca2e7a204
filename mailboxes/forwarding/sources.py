"""Which aliases forward to an alias, also by way of others."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from itertools import chain, islice

from django.db.models import F, Q, QuerySet

from mailboxes.conf import recipient_delimiter
from mailboxes.forwarding.lookups import LookUps, at, domain_of
from mailboxes.lookup_models import AliasTarget
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.lookup_tables.targets import batched, may_forward_to, read_all
from mailboxes.models import Alias, AliasDomain
from mailboxes.queries import MAX_ROWS, READ_AT_ONCE, capped_count, exceeds

MAX_ALIASES = 100
MAX_LEVELS = 5
MAX_READ = 5000
"""How many aliases that may forward to some addresses are read."""

MAX_SCANNED = 1000
"""How many aliases to an address are looked at for those that an administrator may see."""

MAX_NAMES = 100
"""For how many names the database searches the targets; of more, it gives all rows."""


def sources(names: Collection[str], maximum: int = MAX_ALIASES) -> dict[str, list[str]]:
    """Return the aliases above these with their targets, the nearest first, up to a number that
    a save can bear.

    In an adopted database, each level reads the whole table, in parts.
    """
    found: dict[str, list[str]] = {}
    level, known = set(names), {name.lower() for name in names}
    keys, aliases = LookUps().keys, Alias.objects.filter(active=True).exclude(goto=F("address"))
    for _ in range(MAX_LEVELS):
        wanted = with_alias_domains(level)
        rows = candidates(wanted, aliases, MAX_READ)
        above = ((row.pk, row.targets) for row in rows if row.pk.lower() not in known)
        new = (one for one in above if forwards_to_any(one[1], wanted.keys(), keys))
        level = set()
        for name, targets in islice(new, maximum - len(found)):
            found[name] = targets
            level.add(name)
        known |= {name.lower() for name in level}
        if not level:
            break
    return found


def forwarding_to(
    names: Mapping[str, str],
    aliases: QuerySet | None = None,
    maximum: int = MAX_READ,
    outside: Set[str] = frozenset(),
) -> list[Alias]:
    """Return the active aliases with one of these addresses or catch-alls as a target, which are
    given `with_alias_domains`.

    Of the `aliases`, if given, not more than a `maximum` is read, and those in the domains that are
    `outside` aren't found.
    """
    rows = (Alias.objects.all() if aliases is None else aliases).filter(active=True)
    found = candidates(names, rows, maximum, outside)
    keys = LookUps().keys
    return [alias for alias in found if forwards_to_any(alias.targets, names.keys(), keys)]


def candidates(
    names: Collection[str], rows: QuerySet, maximum: int, outside: Set[str] = frozenset()
) -> Iterable[Alias]:
    """Return those of the aliases that may forward to one of the names, among them all that do.

    At most a `maximum` of them is read.
    """
    if are_kept():
        found = may_forward_to(names, recipient_delimiter(), rows, maximum, outside)
    else:
        found = read_all(rows.filter(may_contain(names)))
    return islice((alias for alias in found if alias.domain_id.lower() not in outside), maximum)


def first_sources(address: str, aliases: QuerySet, maximum: int) -> tuple[list[Alias], bool] | None:
    """Return the first of these aliases that forward to an address, active or not, and whether
    there are more; None if too many rows would have to be read to find them.
    """
    if are_kept():
        found = AliasTarget.objects.filter(target=address).order_by("alias")
        keys = list(found.values_list("alias", flat=True)[:MAX_SCANNED])
        rows = list(aliases.filter(pk__in=keys).order_by("pk")[: maximum + 1])
        return rows[:maximum], len(rows) > maximum
    if capped_count(Alias.objects.all(), MAX_ROWS).more:
        return None
    near = read_all(aliases.filter(goto__icontains=address).exclude(pk=address))
    found_rows = (
        alias for alias in near if address.lower() in (target.lower() for target in alias.targets)
    )
    rows = list(islice(found_rows, maximum + 1))
    return rows[:maximum], len(rows) > maximum


def forwards_to_any(
    targets: Iterable[str], names: Set[str], keys: Callable[[str], Iterable[str]]
) -> bool:
    return any(not names.isdisjoint(keys(target.lower())) for target in targets)


def may_contain(names: Collection[str]) -> Q:
    """Return the condition that the targets may contain one of the names, unless they are many."""
    condition = Q()
    if len(names) > MAX_NAMES:
        return condition
    for name in names:
        local_part, _, domain = name.rpartition("@")
        condition |= Q(goto__icontains=name)
        for sign in recipient_delimiter() if local_part else "":
            extended = Q(goto__icontains=f"{local_part}{sign}")
            condition |= extended & Q(goto__icontains=f"@{domain}")
    return condition


def with_alias_domains(addresses: Collection[str]) -> dict[str, str]:
    """Return the addresses in lower case, also as they are in domains that forward to theirs, each
    with the address as it is given.
    """
    names = {address.lower(): address for address in addresses}
    inside: dict[str, list[str]] = defaultdict(list)
    for name in names:
        inside[domain_of(name)].append(name)
    others = {
        at(name, alias_domain): names[name]
        for alias_domain, target in alias_domains_of(inside)
        for name in inside[target]
    }
    return others | names


def alias_domains_of(domains: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the active alias domains that forward to these domains, in lower case, each with its
    target. Of many domains, all alias domains are read if they are fewer.
    """
    rows = AliasDomain.objects.order_by("pk")
    is_read = len(domains) > READ_AT_ONCE and not exceeds(rows, READ_AT_ONCE)
    some = batched(domains, READ_AT_ONCE)
    parts = [rows] if is_read else (rows.filter(target_domain__in=names) for names in some)
    for row in chain.from_iterable(parts):
        if row.active and row.target_domain.lower() in domains:
            yield row.pk.lower(), row.target_domain.lower()
