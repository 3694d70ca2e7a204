"""What the aliases of a batch forward to, and which aliases forward to them."""

from collections import ChainMap, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from mailboxes.access.scope import Scope
from mailboxes.actions import expansion
from mailboxes.actions.imports.rows import AliasDomainRow, AliasRow, ImportRow
from mailboxes.actions.imports.tables import Tables, names_in, parse_domain, parse_name
from mailboxes.addresses import Address, BadAddress
from mailboxes.forwarding.expansion import MAX_ADDRESSES, Expansion
from mailboxes.forwarding.lookups import LookUps, at, domain_of, start_of
from mailboxes.forwarding.sources import sources
from mailboxes.models import Alias, AliasDomain, Domain
from mailboxes.queries import BATCH


def passed_domains(batch: Sequence[ImportRow]) -> set[str]:
    """Return the domains that the mail of a batch's aliases passes, to be locked with its own.

    Its domains count as existing, and its alias domains once as they are and once as they will be.
    """
    addresses, forwarding = addresses_in(batch), forwarding_domains(batch)
    if not addresses and not forwarding:
        return set()
    added = {name: Domain(domain=name) for name in names_in(batch)[1]}
    now = LookUps(all_domains=True, saved={Domain: added})
    then = LookUps(all_domains=True, saved={Domain: added, AliasDomain: forwarding})
    addresses |= {start_of(one.pk) for name in forwarding for one in expansion.sources_in(name)}
    for look_ups in (now, then) if forwarding else (now,):
        read_expansion(addresses, look_ups)
    return now.domains() | then.domains()


def read_expansion(addresses: Collection[str], look_ups: LookUps) -> None:
    """Read all that the addresses forward to, each as far as it is followed by itself."""
    Expansion(addresses, look_ups, MAX_ADDRESSES * len(addresses))


def forwarding_domains(batch: Sequence[ImportRow]) -> dict[str, AliasDomain]:
    found = {}
    for row in batch:
        try:
            if isinstance(row, AliasDomainRow) and row.active is not False:
                name, target = parse_domain(row.name), parse_domain(row.target)
                found[name] = AliasDomain(alias_domain=name, target_domain=target)
        except BadAddress:
            continue  # it will be refused
    return found


def addresses_in(batch: Sequence[ImportRow]) -> set[str]:
    """Return in lower case the addresses of the batch's aliases, and those they forward to."""
    aliases = aliases_in(batch)
    return {each for name, targets in aliases for each in (start_of(name), *targets)}


def aliases_in(batch: Sequence[ImportRow]) -> Iterator[tuple[str, list[str]]]:
    """Yield the names and targets of the batch's aliases, as the look-ups need them."""
    for row in batch:
        try:
            if isinstance(row, AliasRow) and row.active is not False:
                yield str(parse_name(row.address)), [target_name(one) for one in row.targets]
        except BadAddress:
            continue  # it will be refused


@lru_cache(maxsize=4096)
def target_name(text: str) -> str:
    """Return a target in lower case, with its domain in ASCII if it is an address."""
    try:
        return str(Address.parse_target(text)).lower()
    except BadAddress:
        return text.strip().lower()


class Sources:
    """The aliases that forward to a batch's aliases, in the table and in the batch itself."""

    def __init__(self, batch: Sequence[ImportRow], tables: Tables, look_ups: LookUps) -> None:
        self.tables = tables
        self.passed = look_ups
        self.look_ups = look_ups.copy()
        """Look-ups of their own: the domains of lists above a batch needn't be locked."""

        self.above: dict[str, set[str]] = defaultdict(set)
        """Who forwards to an address or catch-all."""

        self.rows = dict(aliases_in(batch))
        self.forwarding = forwarding_domains(batch)
        self.lists = {name for name, targets in self.rows.items() if self.is_list(targets)}
        if self.lists:
            others = [at(name, one.pk) for name in self.lists for one in self.forwarding.values()
                     if one.target_domain == domain_of(name)]  # fmt: skip
            for name, targets in self.rows.items():
                self.add(name, targets)
            for name, targets in sources([*self.lists, *others], BATCH).items():
                self.add(name, [target.lower() for target in targets])
            names = set().union(*(self.above.values()))
            read_expansion([start_of(name) for name in names], self.look_ups)

    def is_list(self, targets: Sequence[str]) -> bool:
        """Say whether these targets may be more than a single address that isn't forwarded."""
        return len(targets) > 1 or any(
            domain_of(target) in self.forwarding
            or not self.rows.keys().isdisjoint(self.passed.keys(target))
            or set(self.passed.find(target).targets) - {target}
            for target in targets
        )

    def add(self, name: str, targets: Sequence[str]) -> None:
        """Note by which names an alias forwards to others."""
        self.look_ups.load(AliasDomain, {domain_of(target) for target in targets})
        for target in targets:
            domain = domain_of(target)
            added = self.forwarding.get(domain)
            others = {self.look_ups.target_domain(domain), added.target_domain if added else ""}
            for key in self.look_ups.keys(target):
                for each in {key, *(at(key, other) for other in others)}:
                    self.above[each].add(name)

    def check(self, alias: Alias, before: Alias | None, scope: Scope) -> None:
        """Refuse an alias, planned in `tables`, that makes another one forward to too many."""
        found = self.of(alias.pk) if alias.pk in self.lists else []
        if not found:
            return
        rows = self.tables.by_model()
        changed = {alias.pk: before} if before else {}
        aliases: Mapping[str, Any] = ChainMap(changed, self.tables.aliases)
        gone = () if before else (alias.pk,)
        until_now = LookUps(all_domains=True, saved=rows | {Alias: aliases}, gone=gone)
        expansion.check_sources(found, scope, self.look_ups, until_now)

    def of(self, name: str) -> list[str]:
        """Return the names of the aliases that forward to this one, also by way of others."""
        found: dict[str, None] = {}
        level = {name}
        while level:
            new = set().union(*(self.above.get(each, set()) for each in level))
            level = new - found.keys() - {name}
            found |= dict.fromkeys(sorted(level))
        return list(found)
