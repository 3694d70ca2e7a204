"""Refusing what Postfix can't expand, once it is written in the caller's transaction.

Before, all domains that the mail passes are locked: otherwise, somebody else might save the other
half of a loop in one of them at the same time. Loops that other programs write are found later.
"""

from collections.abc import Collection, Iterable, Mapping

from mailboxes.access.scope import Scope
from mailboxes.actions import rules
from mailboxes.errors import Refused, gettext_noop
from mailboxes.forwarding.expansion import MAX_RECIPIENTS, Expansion
from mailboxes.forwarding.lookups import LookUps, domain_of, start_of
from mailboxes.forwarding.sources import MAX_ALIASES, sources
from mailboxes.forwarding.wording import way_text
from mailboxes.lookup_tables.targets import aliases_forwarding_into
from mailboxes.models import Alias, AliasDomain

MAX_SOURCES = 1000
LOOP = gettext_noop(
    "This would be a loop, and Postfix would defer all mail to these addresses: %(way)s."
)
TOO_MANY = gettext_noop(
    "%(address)s would forward to more than %(limit)s addresses, including those of other aliases "
    "that it forwards to. Postfix would defer all mail to it."
)
TOO_MANY_ABOVE = gettext_noop(
    "%(list)s forwards to this address, and would then forward to more than %(limit)s addresses in "
    "all. Postfix would defer all mail to it."
)
CHANGED_MEANWHILE = gettext_noop(
    "Someone else has changed the targets in the meantime. Nothing was saved. Save it again."
)


def lock_alias(alias: Alias) -> set[str]:
    """Lock an alias's domain and, if it is active, those that its mail passes; return them."""
    look_ups = LookUps(all_domains=True)
    if alias.active:
        Expansion([start_of(alias.pk), *alias.targets], look_ups)
    return rules.lock_domains(alias.domain_id.lower(), *look_ups.domains())


def lock_alias_domain(row: AliasDomain) -> set[str]:
    """Lock both domains and those that mail passes on its way through them; return them."""
    look_ups = LookUps(all_domains=True, saved={AliasDomain: {row.pk.lower(): row}})
    if row.active:
        Expansion([start_of(alias.pk) for alias in sources_in(row.pk)], look_ups)
    return rules.lock_domains(row.pk, row.target_domain.lower(), *look_ups.domains())


def check_saved_alias(
    alias: Alias, scope: Scope, locked: set[str], before: Alias | None = None
) -> None:
    """Refuse what `check_alias` does, and an alias that makes another one forward to too many.

    `before` is the alias as it was; None if it is new or was disabled.
    """
    check_saved_aliases([alias], scope, locked, {alias.pk.lower(): before} if before else {})


def check_saved_aliases(
    aliases: Iterable[Alias], scope: Scope, locked: set[str], before: Mapping[str, Alias]
) -> None:
    """Do the same for many, with as many queries as for one."""
    starts = {start_of(alias.pk): alias for alias in aliases if alias.active}
    if not starts:
        return
    look_ups = LookUps(all_domains=True)
    expansion = Expansion(starts, look_ups)
    check_locked(look_ups, locked)
    check_expansion([alias.pk for alias in starts.values()], scope, "goto", look_ups)
    grown = [alias.pk for start, alias in starts.items() if len(expansion.reached(start)) > 2]
    if grown:
        new = {alias.pk.lower() for alias in starts.values()} - before.keys()
        until_now = LookUps(all_domains=True, saved={Alias: before}, gone=new)
        above = sources(grown, MAX_ALIASES * len(grown))
        check_sources(above, scope, LookUps(all_domains=True), until_now)


def check_saved_alias_domain(row: AliasDomain, scope: Scope, locked: set[str]) -> None:
    if row.active:
        look_ups = LookUps(all_domains=True)
        check_forwarded_domain(row.pk, scope, look_ups)
        check_locked(look_ups, locked)


def check_locked(look_ups: LookUps, locked: set[str]) -> None:
    """Refuse what was checked with domains that the change has come to pass unlocked."""
    if look_ups.domains() - locked:
        raise Refused(CHANGED_MEANWHILE, code="changed")


def check_sources(
    names: Collection[str], scope: Scope, look_ups: LookUps, until_now: LookUps
) -> None:
    """Refuse the first of these aliases that Postfix has been able to expand until now."""
    starts = {start_of(name): name for name in names}
    after = Expansion(starts, look_ups)
    deferred = [start for start in starts if after.is_deferred(start) and not after.loop(start)]
    before = Expansion(deferred, until_now)
    for start in deferred:
        if not before.is_deferred(start):
            name = starts[start] if scope.includes(domain_of(start)) else "…"
            params = {"list": name, "limit": MAX_RECIPIENTS}
            raise Refused(TOO_MANY_ABOVE, params, code="too_many", field="goto")


def check_alias(alias: Alias, scope: Scope, look_ups: LookUps | None = None) -> None:
    """Refuse an active alias that is part of a loop or leads to one, or has too many targets."""
    if alias.active:
        check_expansion([alias.pk], scope, "goto", look_ups)


def check_forwarded_domain(
    name: str, scope: Scope, look_ups: LookUps | None = None, more: Iterable[Alias] = ()
) -> None:
    """Refuse an alias domain that completes a loop with an alias that forwards into it.

    `more` are aliases that aren't in the table yet.
    """
    aliases = sources_in(name)
    aliases += [alias for alias in more if alias.active and alias.forwards_into(name)]
    addresses = {alias.pk: None for alias in aliases}
    check_expansion(addresses, scope, "target_domain", look_ups)


def sources_in(domain: str) -> list[Alias]:
    return aliases_forwarding_into(domain, Alias.objects.filter(active=True), MAX_SOURCES)


def check_expansion(
    addresses: Collection[str], scope: Scope, field: str, look_ups: LookUps | None = None
) -> None:
    """Refuse the first of the addresses that Postfix wouldn't expand."""
    starts = [start_of(address) for address in addresses]
    expansion = Expansion(starts, look_ups or LookUps(all_domains=True))
    for address, start in zip(addresses, starts, strict=True):
        if expansion.is_deferred(start):
            if way := expansion.loop(start):
                raise Refused(LOOP, {"way": way_text(way, scope)}, code="loop", field=field)
            params = {"address": address, "limit": MAX_RECIPIENTS}
            raise Refused(TOO_MANY, params, code="too_many", field=field)
