"""Which aliases forward to addresses in our own domains that mail doesn't reach, and why."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

from django.db.models import F, Model, Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailboxes.access.scope import EVERYTHING, Scope
from mailboxes.forwarding.expansion import End, Expansion
from mailboxes.forwarding.lookups import COLUMNS, LookUps, domain_of, start_of
from mailboxes.forwarding.sources import forwarding_to, with_alias_domains
from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.counts import exceed
from mailboxes.lookup_tables.flags import flagged
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.lookup_tables.targets import batched
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, has_mailbox
from mailboxes.queries import (
    BY_DOMAIN,
    MAX_ROWS,
    READ_AT_ONCE,
    Page,
    Source,
    first_among,
    found_by,
    in_domains,
    new_row,
    page_after,
    partly,
    unindexed,
    with_keys,
)
from mailboxes.routing import Kind

MAX_ALIASES = 5000
"""How many aliases, the mailboxes' own included, a page checks."""

MAX_NAMED = 20
Row = Domain | AliasDomain | Mailbox | Alias
M = TypeVar("M", bound=Model)
REASONS = {
    End.MISSING: _("doesn't exist"),
    End.DISABLED: _("disabled"),
    End.DOMAIN_DISABLED: _("domain disabled"),
    End.REFUSED: _("refuses mail"),
    End.NO_ADDRESS: _("not an address"),
}


@dataclass
class Finding:
    """An alias to which mail is deferred, or whose targets it doesn't all reach."""

    alias: str
    loop: list[str] = field(default_factory=list)
    """The addresses that a loop passes, the first one twice."""

    is_deferred: bool = False
    """Whether Postfix can't expand it: a loop, or too many targets."""

    dead: dict[str, str] = field(default_factory=dict)
    """The targets that mail doesn't reach, each with the reason."""

    arrives: bool = True
    """Whether mail reaches any target at all."""


@dataclass
class Loss:
    """An alias that loses mail, or a part of it."""

    finding: Finding
    cause: str
    """The row because of which it does."""

    target: str
    """The address that it forwards to, and that mail doesn't reach any more."""


@dataclass
class LeftBehind:
    """What becomes of aliases that forward to rows which are disabled or deleted."""

    nowhere: list[str] = field(default_factory=list)
    """Those that don't forward to anything else, also by way of others."""

    deferred: list[str] = field(default_factory=list)
    """Those that Postfix can't expand any more, most often since they go round in a loop."""

    others: dict[str, str] = field(default_factory=dict)
    """Those that still forward elsewhere, each with a target that mail doesn't reach then."""

    outside: bool = False
    """Whether there are more in domains that are out of reach."""

    def add(self, loss: Loss, scope: Scope) -> None:
        """Add a loss; addresses that are out of reach aren't named."""
        name = loss.finding.alias
        if not scope.includes(domain_of(name)):
            self.outside = True
        elif loss.finding.arrives:
            shown = loss.target if scope.includes(domain_of(loss.target)) else "…"
            self.others.setdefault(name, shown)
        else:
            (self.deferred if loss.finding.is_deferred else self.nowhere).append(name)


def check(aliases: Iterable[Alias], look_ups: LookUps | None = None) -> list[Finding]:
    """Return what is wrong with those of the aliases that are used."""
    starts = {start_of(alias.pk): alias.pk for alias in aliases if alias.active}
    expansion = Expansion(starts, look_ups or LookUps())
    found = (check_one(expansion, start, name) for start, name in starts.items())
    return [finding for finding in found if finding.is_deferred or finding.dead]


def check_one(expansion: Expansion, start: str, name: str) -> Finding:
    if expansion.is_deferred(start):
        return Finding(name, expansion.loop(start), True, arrives=False)
    dead = {
        target: reason(expansion, target)
        for target in expansion.targets(start)
        if not (expansion.arrives(target) if target != start else expansion.ends_well(target))
        and expansion.found[target].end != End.REFUSED  # that is intended
    }
    return Finding(name, dead=dead, arrives=expansion.arrives(start))


def reason(expansion: Expansion, target: str) -> str:
    """Return in a few words why mail doesn't reach a target."""
    if [expansion.found[each].end for each in expansion.targets(target)] == [End.REFUSED]:
        return str(REASONS[End.REFUSED])
    if expansion.targets(target) and not expansion.keeps_a_copy(target):
        return gettext("leads nowhere")
    return str(REASONS[expansion.found[target].end])


def catch_alls(domains: Collection[str]) -> list[Alias]:
    """Return the catch-alls of these domains and of the alias domains that forward to them."""
    names = with_alias_domains([f"@{domain}" for domain in domains])
    return list(Alias.objects.filter(pk__in=names, active=True).exclude(goto=F("address")))


def not_own(aliases: QuerySet) -> QuerySet:
    """Return the aliases without those that only deliver mail to their mailboxes."""
    return aliases.exclude(Q(goto=F("address")) & has_mailbox())


def without_mailboxes(domains: Collection[str]) -> list[Alias]:
    """Return the first aliases of local domains that only forward to themselves, but to nobody."""
    own = in_order(domains).filter(~has_mailbox(), goto=F("address"), active=True)
    found = found_by(own, source_without_mailboxes(domains))
    return page_after(found, "", MAX_NAMED, maximum=MAX_ROWS).rows


def source_without_mailboxes(domains: Collection[str]) -> Source:
    """Return where the aliases of domains are found that aren't mailboxes' own."""
    return Source(flagged(Flag.ALIAS, domains)) if are_kept() else unindexed(in_order(domains))


def aliases_in(domains: Collection[str]) -> Page:
    """Return the aliases of domains that don't only deliver mail, as many as a page checks, and
    whether there are more, or too many to look for them.
    """
    every = in_order(domains)
    found = partly(every.exclude(goto=F("address")), every)
    return page_after(found, "", MAX_ALIASES, maximum=MAX_ROWS)


def in_order(domains: Collection[str]) -> QuerySet[Alias]:
    return Alias.objects.filter(in_domains(domains)).order_by(*BY_DOMAIN)


def local_domains(names: Collection[str]) -> list[str]:
    """Return those that aren't relayed; there, aliases to themselves are recipients."""
    rows = with_keys(Domain.objects.all(), list(names))
    relayed = (row for row in rows if row.route.kind != Kind.LOCAL)
    return sorted({name.lower() for name in names} - {row.pk.lower() for row in relayed})


def check_table(aliases: QuerySet, domains: Collection[str] | None = None) -> list[Finding] | None:
    """Return what is wrong with any of the aliases; None if there are too many for a page.

    `domains` are those that they are limited to, if they are.
    """
    if exceed(aliases, MAX_ALIASES, domains):
        return None
    rows = first_among(not_own(aliases.filter(active=True)), aliases, MAX_ALIASES)
    look_ups = LookUps()
    look_ups.add(Alias, rows)
    return check(rows, look_ups)


def are_checked(rows: Collection[Any]) -> bool:
    """Say whether all aliases above so many rows or addresses are found.

    In an adopted database with many aliases, a page doesn't read them all.
    """
    return len(rows) <= MAX_ALIASES and (are_kept() or not exceed(Alias.objects.all(), MAX_ALIASES))


def left_behind(
    rows: Collection[Row],
    aliases: QuerySet,
    look_ups: LookUps | None = None,
    scope: Scope = EVERYTHING,
) -> LeftBehind:
    """Return what becomes of those aliases that forward to rows which are deleted, or, with
    `look_ups`, to rows as they are found.

    Domains are taken to be disabled, with the aliases in them.
    """
    look_ups = look_ups or look_ups_without(rows)
    closed = {row.pk.lower() for row in rows if isinstance(row, Domain)}
    lost = {catch_all_or_address(row).lower(): row.pk for row in rows}
    return gather(find_losses(lost, aliases, look_ups, closed), scope)


def gather(losses: Iterable[Loss], scope: Scope) -> LeftBehind:
    """Return the aliases of the first losses."""
    found = LeftBehind()
    for loss in losses:
        found.add(loss, scope)
        if len(found.nowhere) + len(found.deferred) >= MAX_NAMED:
            break
    return found


def find_losses(
    lost: Mapping[str, str],
    aliases: QuerySet,
    look_ups: LookUps,
    closed: Set[str] = frozenset(),
    maximum: int = MAX_ALIASES,
) -> Iterator[Loss]:
    """Yield what becomes of those aliases that forward to lost addresses or catch-alls, also by
    way of others; `lost` has the row because of which each is lost.

    Aliases in the domains that are `closed` are left out. Of each level, a `maximum` is read. Many
    addresses are followed in parts, so that a caller who has seen enough needn't wait for all.
    """
    aliases, known = aliases.exclude(goto=F("address")), set[str]()
    in_parts = are_kept() and not closed
    for some in batched(lost.items(), READ_AT_ONCE if in_parts else len(lost)):
        yield from find_losses_of(dict(some), aliases, look_ups, closed, maximum, known)


def find_losses_of(
    lost: Mapping[str, str],
    aliases: QuerySet,
    look_ups: LookUps,
    closed: Set[str],
    maximum: int,
    known: set[str],
) -> Iterator[Loss]:
    """Yield the same of some addresses, without the aliases that are `known`, and add to these."""
    while lost:
        names = with_alias_domains(lost)
        above = forwarding_to(names, aliases, maximum, closed)
        saved, passed = look_ups.saved.get(Alias, {}), known | look_ups.gone
        rows = {one.pk: saved.get(one.pk.lower(), one) for one in above}
        rows = {name: one for name, one in rows.items() if name.lower() not in passed}
        level = {}
        for finding in sorted(check(rows.values(), look_ups), key=lambda finding: finding.alias):
            dead = finding.dead if finding.arrives else rows[finding.alias].targets
            ways = ((name, key) for name in dead for key in look_ups.keys(name.lower()))
            target, key = next((way for way in ways if way[1] in names), ("", ""))
            if not key:
                continue
            cause = lost[names[key]]
            known.add(finding.alias.lower())
            yield Loss(finding, cause, target)
            if not finding.arrives:
                level[finding.alias.lower()] = cause
        lost = level


def forwarding_into(domain: Domain | AliasDomain) -> list[Finding]:
    """Return what is wrong with the aliases that forward into a domain."""
    names = with_alias_domains([f"@{domain.pk.lower()}"])
    return check(forwarding_to(names, maximum=MAX_ALIASES))


def left_behind_by_domains(names: Collection[str], scope: Scope) -> LeftBehind:
    """Return what becomes of aliases elsewhere that forward into domains which are disabled."""
    closed = {name.lower() for name in names}
    lost = {f"@{name}": name for name in closed}
    return gather(find_losses(lost, Alias.objects.all(), LookUps(closed=closed), closed), scope)


def look_ups_without(rows: Iterable[Row]) -> LookUps:
    """Return look-ups that find no address and only disabled domains among these rows."""
    gone: set[str] = set()
    saved: dict[type[Model], dict[str, Row]] = {Domain: {}, AliasDomain: {}}
    for row in rows:
        if isinstance(row, Domain | AliasDomain):
            saved[type(row)][row.pk.lower()] = with_state(row, False)
        else:
            gone.add(row.pk.lower())
    return LookUps(saved=saved, gone=gone)


def look_ups_with(rows: Iterable[Row], active: bool) -> LookUps:
    """Return look-ups that find these rows and the mailboxes' own aliases enabled or disabled."""
    saved: dict[type[Model], dict[str, Row]] = {
        model: {} for model in (Domain, AliasDomain, Mailbox, Alias)
    }
    mailboxes = [row.pk for row in rows if isinstance(row, Mailbox)]
    own = with_keys(Alias.objects.only(*COLUMNS[Alias]), mailboxes)
    for row in chain(rows, own):
        saved[type(row)][row.pk.lower()] = with_state(row, active)
    return LookUps(saved=saved)


def with_state(row: M, active: bool) -> M:
    """Return a copy of a row that is enabled or disabled."""
    values = {name: value for name, value in row.__dict__.items() if name != "_state"}
    return new_row(type(row), {**values, "active": active})


def catch_all_or_address(row: Row) -> str:
    """Return what Postfix looks up last for the addresses of a domain, or else the address."""
    return f"@{row.pk}" if isinstance(row, Domain | AliasDomain) else str(row.pk)
