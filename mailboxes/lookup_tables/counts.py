"""How many mailboxes and aliases there are, and how much they may store, without counting them."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from mailboxes.lookup_models import DomainCount
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.models import Alias, Mailbox
from mailboxes.queries import CappedCount, capped_count, exceeds

MAX_DOMAINS = 4900
"""Of how many domains a page adds up the numbers."""


@dataclass(frozen=True)
class Counts:
    mailboxes: int = 0
    aliases: int = 0
    """Without the mailboxes' own."""

    quota: int = 0
    """The sum of the quotas, in bytes."""


Listed = tuple[CappedCount, CappedCount | None]
"""How many mailboxes and aliases a domain has; None if that isn't known without reading more."""


def counts_of(domains: Collection[str]) -> dict[str, Counts]:
    """Return the numbers of each of these domains, by name in lower case.

    In an adopted database they are counted, which reads all rows of the domains.
    """
    found = kept(domains) if are_kept() else counted(domains)
    return {name: found.get(name.lower(), Counts()) for name in map(str.lower, domains)}


def listed_counts(domains: Collection[str]) -> dict[str, Listed]:
    """Return how many mailboxes and aliases each of these domains has, by name in lower case.

    In an adopted database, only the first rows of a domain are counted; with too many mailboxes,
    the number of aliases isn't known, since each mailbox is taken to have its own.
    """
    if are_kept():
        found = kept(domains).items()
        known = {
            name: (CappedCount(one.mailboxes), CappedCount(one.aliases)) for name, one in found
        }
        nothing = (CappedCount(0), CappedCount(0))
        return {name: known.get(name, nothing) for name in map(str.lower, domains)}
    return {name.lower(): first_counted(name) for name in domains}


def first_counted(domain: str) -> Listed:
    mailboxes, aliases = (
        capped_count(model._default_manager.filter(domain=domain)) for model in (Mailbox, Alias)
    )
    if mailboxes.more:
        return mailboxes, None
    return mailboxes, CappedCount(max(aliases.number - mailboxes.number, 0), aliases.more)


def kept(domains: Collection[str]) -> dict[str, Counts]:
    rows = DomainCount.objects.filter(pk__in=list(domains))
    return {row.domain.lower(): Counts(row.mailboxes, row.aliases, row.quota) for row in rows}


def kept_counts(domain: str) -> Counts | None:
    """Return the numbers of a domain; None in an adopted database."""
    return kept([domain]).get(domain.lower(), Counts()) if are_kept() else None


def counted(domains: Collection[str]) -> dict[str, Counts]:
    """Count the rows of some domains; each mailbox is taken to have an alias of its own.

    The quotas aren't added up: their sum is in no index.
    """
    mailboxes, aliases = (
        {
            name.lower(): number
            for name, number in model._default_manager.filter(domain__in=list(domains))
            .order_by()
            .values_list("domain_id")
            .annotate(number=Count("pk"))
        }
        for model in (Mailbox, Alias)
    )
    return {
        name: Counts(mailboxes.get(name, 0), max(aliases[name] - mailboxes.get(name, 0), 0))
        for name in aliases
    } | {name: Counts(number) for name, number in mailboxes.items() if name not in aliases}


def total(domains: Collection[str] | None = None) -> Counts | None:
    """Return the numbers of all domains, or of some; None if they aren't known without counting."""
    if not are_kept():
        return None
    rows = DomainCount.objects.order_by()
    if domains is not None:
        rows = rows.filter(pk__in=sorted(domains))
    if exceeds(rows, MAX_DOMAINS):
        return None
    sums = rows.aggregate(*map(Sum, ("mailboxes", "aliases", "quota")))
    return Counts(*(int(sums[f"{name}__sum"] or 0) for name in ("mailboxes", "aliases", "quota")))


def number_of_mailboxes(maximum: int) -> CappedCount:
    """Return how many mailboxes there are, up to a maximum."""
    known = total()
    if known is None:
        return capped_count(Mailbox.objects.all(), maximum)
    return CappedCount(min(known.mailboxes, maximum), known.mailboxes > maximum)


def exceed(rows: QuerySet, maximum: int, domains: Collection[str] | None = None) -> bool:
    """Say whether there are more rows of a model than a maximum, in all domains or in some.

    `rows` are those, and counted if their number isn't kept.
    """
    known = total(domains)
    if known is None or rows.model not in (Mailbox, Alias):
        return exceeds(rows, maximum)
    return known.mailboxes + (known.aliases if rows.model is Alias else 0) > maximum
