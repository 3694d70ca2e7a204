"""The rows that an import meets, read in few queries, with what the import itself adds."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any, TypeVar

from django.db.models import Model, QuerySet, Sum

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
)
from mailboxes.addresses import Address, BadAddress, CatchAll, DomainName, parse_alias
from mailboxes.adoption.former_names import kept_folders
from mailboxes.deployment.applied import kept_domains
from mailboxes.lookup_tables.counts import kept_counts
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, has_mailbox

M = TypeVar("M", bound=Model)


class Tables:
    """The rows with the names of a batch, by name in lower case."""

    def __init__(self) -> None:
        self.domains: dict[str, Domain] = {}
        self.mailboxes: dict[str, Mailbox] = {}
        self.aliases: dict[str, Alias] = {}
        self.alias_domains: dict[str, AliasDomain] = {}
        self.targets: set[str] = set()
        """The domains that alias domains forward to."""

        self.kept: Mapping[str, Collection[str]] = {}
        """The folders that renamed mailboxes have kept, by their former addresses."""

        self.counts: dict[tuple[str, str], int] = {}
        """Mailboxes, aliases and the sum of quotas by domain, of the domains that have limits."""

    @cached_property
    def kept_domains(self) -> frozenset[str]:
        """The domains that the mail host serves without the panel."""
        return kept_domains()

    def load(self, addresses: set[str], names: set[str], lock: bool) -> None:
        """Read what a batch is about; of earlier ones, only domains that aren't saved are kept.

        The domains are locked first, as by `rules.lock_domains`, but many with one statement.
        """
        domains = Domain.objects.select_for_update() if lock else Domain.objects.all()
        self.domains = unsaved(self.domains) | by_name(domains.order_by("pk"), names)
        self.alias_domains = unsaved(self.alias_domains) | by_name(AliasDomain.objects.all(), names)
        found = AliasDomain.objects.filter(target_domain__in=sorted(names))
        self.targets |= {name.lower() for name in found.values_list("target_domain", flat=True)}
        ordered = sorted(addresses)  # once; to sort it again takes no time
        self.mailboxes = by_name(Mailbox.objects.all(), ordered)
        self.aliases = by_name(Alias.objects.all(), ordered)
        self.kept = kept_folders(addresses)

    def by_model(self) -> dict[Any, dict[str, Any]]:
        """Return the rows of each table, those that are referred to by others first."""
        return {
            Domain: self.domains,
            Mailbox: self.mailboxes,
            Alias: self.aliases,
            AliasDomain: self.alias_domains,
        }

    def count(self, domain: Domain, what: str) -> int:
        """Return the number of `mailboxes` or `aliases`, or the sum of their `quota`."""
        key = (domain.pk, what)
        if key not in self.counts and (kept := kept_counts(domain.pk)):
            self.counts[key] = getattr(kept, what)
        if key not in self.counts:
            mailboxes = Mailbox.objects.filter(domain=domain.pk).order_by()
            if what == "quota":
                self.counts[key] = int(mailboxes.aggregate(sum=Sum("quota"))["sum"] or 0)
            elif what == "mailboxes":
                self.counts[key] = mailboxes.count()
            else:
                aliases = Alias.objects.filter(~has_mailbox(), domain=domain.pk)
                self.counts[key] = aliases.order_by().count()
        return self.counts[key]

    def add(self, domain: Domain, what: str, number: int = 1) -> None:
        """Count what the import adds, where that is counted at all."""
        if (domain.pk, what) in self.counts:
            self.counts[domain.pk, what] += number


def unsaved(rows: dict[str, M]) -> dict[str, M]:
    return {name: row for name, row in rows.items() if row._state.adding}


def by_name(rows: QuerySet[M], names: Collection[str]) -> dict[str, M]:
    return {str(row.pk).lower(): row for row in rows.filter(pk__in=sorted(names))}


@lru_cache(maxsize=8192)
def parse_name(text: str) -> Address | CatchAll:
    """Return an address; it is needed when a batch is loaded, and again when it is planned."""
    return parse_alias(text.strip())


@lru_cache(maxsize=4096)
def parse_domain(text: str) -> str:
    return str(DomainName.parse(text.strip()))


def names_in(rows: Iterable[ImportRow]) -> tuple[set[str], set[str]]:
    """Return the addresses and the domains that the rows are about, as the tables have them."""
    addresses: set[str] = set()
    domains: set[str] = set()
    for row in rows:
        try:
            if isinstance(row, MailboxRow | AliasRow):
                address = parse_name(row.address)
                addresses.add(str(address))
                domains.add(address.domain)
            elif isinstance(row, DomainRow):
                domains.add(parse_domain(row.name))
            elif isinstance(row, AliasDomainRow):
                domains |= {parse_domain(row.name), parse_domain(row.target)}
        except BadAddress:
            continue  # no table has it, and it will be refused
    return addresses, domains
