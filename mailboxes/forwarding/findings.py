"""Which aliases forward to addresses in our own domains that mail doesn't reach, and why."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import F, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailboxes.forwarding.expansion import End, Expansion
from mailboxes.forwarding.lookups import LookUps, start_of
from mailboxes.models import Alias
from mailboxes.queries import aliases_forwarding_to, capped_count

MAX_ALIASES = 5000
"""How many aliases, the mailboxes' own included, a page checks."""

MAX_NAMED = 20
REASONS = {
    End.MISSING: _("doesn't exist"),
    End.DISABLED: _("disabled"),
    End.DOMAIN_DISABLED: _("domain disabled"),
    End.REFUSED: _("refuses mail"),
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
class LeftBehind:
    """What becomes of aliases that forward to addresses which are no longer there."""

    nowhere: list[str] = field(default_factory=list)
    """Those that don't forward to anything else, also by way of others."""

    others: list[str] = field(default_factory=list)


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


def check_table(aliases: QuerySet) -> list[Finding] | None:
    """Return what is wrong with any of the aliases; None if there are too many for a page."""
    if capped_count(aliases, MAX_ALIASES).more:
        return None
    return check(aliases.filter(active=True).exclude(goto=F("address")))


def left_behind(gone: Collection[str], aliases: QuerySet) -> LeftBehind:
    """Return what becomes of those aliases that forward to addresses which are no longer there."""
    found = LeftBehind()
    lost, look_ups = {address.lower() for address in gone}, LookUps(gone=gone)
    while lost and len(found.nowhere) < MAX_NAMED:
        above = [alias for alias in forwarding_to(lost, aliases) if alias.pk not in gone]
        dead = {finding.alias for finding in check(above, look_ups) if not finding.arrives}
        if not found.nowhere:
            found.others = [alias.pk for alias in above if alias.pk not in dead]
        lost = {name.lower() for name in dead.difference(found.nowhere)}
        found.nowhere += sorted(dead.difference(found.nowhere))
    return found


def forwarding_to(addresses: set[str], aliases: QuerySet) -> list[Alias]:
    """Return those of the aliases that forward to any of the addresses."""
    if len(addresses) == 1:
        return aliases_forwarding_to(next(iter(addresses)), aliases)
    found = aliases.exclude(goto=F("address"))
    return [alias for alias in found if not addresses.isdisjoint(map(str.lower, alias.targets))]
