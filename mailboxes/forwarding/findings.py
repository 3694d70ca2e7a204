"""Which aliases forward to addresses in our own domains that mail doesn't reach, and why."""

from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass, field

from django.db.models import F, Model, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mailboxes.forwarding.expansion import End, Expansion
from mailboxes.forwarding.lookups import LookUps, start_of
from mailboxes.forwarding.sources import forwarding_to, with_alias_domains
from mailboxes.lookup_tables.counts import exceed
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

MAX_ALIASES = 5000
"""How many aliases, the mailboxes' own included, a page checks."""

MAX_NAMED = 20
Row = Domain | AliasDomain | Mailbox | Alias
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
class LeftBehind:
    """What becomes of aliases that forward to rows which are disabled or deleted."""

    nowhere: list[str] = field(default_factory=list)
    """Those that don't forward to anything else, also by way of others."""

    deferred: list[str] = field(default_factory=list)
    """Those that Postfix can't expand any more, most often since they go round in a loop."""

    others: dict[str, str] = field(default_factory=dict)
    """Those that still forward elsewhere, each with a target that mail doesn't reach then."""

    def add(self, findings: Iterable[Finding]) -> set[str]:
        """Add those that lose all mail; return in lower case the ones that weren't known."""
        new = set()
        for one in findings:
            known = self.deferred if one.is_deferred else self.nowhere
            if one.alias not in known:
                known.append(one.alias)
                new.add(one.alias.lower())
        return new


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


def check_table(aliases: QuerySet, domains: Collection[str] | None = None) -> list[Finding] | None:
    """Return what is wrong with any of the aliases; None if there are too many for a page.

    `domains` are those that they are limited to, if they are.
    """
    if exceed(aliases, MAX_ALIASES, domains):
        return None
    return check(aliases.filter(active=True).exclude(goto=F("address")))


def left_behind(
    rows: Collection[Row], aliases: QuerySet, look_ups: LookUps | None = None
) -> LeftBehind:
    """Return what becomes of those aliases that forward to rows which are disabled or deleted,
    or, with `look_ups`, to rows as they are found.

    Domains are taken to be disabled, with the aliases in them.
    """
    found, look_ups = LeftBehind(), look_ups or look_ups_without(rows)
    closed = [row.pk.lower() for row in rows if isinstance(row, Domain)]
    aliases = aliases.exclude(goto=F("address")).exclude(domain__in=closed)
    lost = {catch_all_or_address(row) for row in rows}
    while lost and len(found.nowhere) + len(found.deferred) < MAX_NAMED:
        lost = with_alias_domains(lost)
        above = forwarding_to(lost, aliases, MAX_ALIASES, closed)
        findings = check((one for one in above if one.pk.lower() not in look_ups.gone), look_ups)
        findings.sort(key=lambda finding: finding.alias)
        for finding in findings:
            dead = (name for name in finding.dead if not lost.isdisjoint(look_ups.keys(name)))
            if finding.arrives and (target := next(dead, "")):
                found.others.setdefault(finding.alias, target)
        lost = found.add([one for one in findings if not one.arrives])
    return found


def forwarding_into(domain: Domain | AliasDomain, aliases: QuerySet) -> list[Finding]:
    """Return what is wrong with the aliases that forward into a domain; nothing if there are too
    many to look at.
    """
    if not are_kept() and exceed(Alias.objects.all(), MAX_ALIASES):
        return []
    return check(forwarding_to({f"@{domain.pk.lower()}"}, aliases, MAX_ALIASES))


def look_ups_without(rows: Iterable[Row]) -> LookUps:
    """Return look-ups that find no address and only disabled domains among these rows."""
    gone: set[str] = set()
    saved: dict[type[Model], dict[str, Row]] = {Domain: {}, AliasDomain: {}}
    for row in rows:
        if isinstance(row, Domain | AliasDomain):
            disabled = copy(row)
            disabled.active = False
            saved[type(row)][row.pk.lower()] = disabled
        else:
            gone.add(row.pk.lower())
    return LookUps(saved=saved, gone=gone)


def catch_all_or_address(row: Row) -> str:
    """Return what Postfix looks up last for the addresses of a domain, or else the address."""
    return f"@{row.pk}" if isinstance(row, Domain | AliasDomain) else str(row.pk)
