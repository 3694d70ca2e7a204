"""What an import does with domains and alias domains."""

from typing import Any

from mailboxes.actions import expansion, rules
from mailboxes.actions.base import authorize, new_values
from mailboxes.actions.domains import DOMAIN_EXISTS, check_not_served
from mailboxes.actions.imports.outcomes import Outcome, Verb
from mailboxes.actions.imports.planner import Planner, check_reach, given
from mailboxes.actions.imports.rows import AliasDomainRow, AliasRow, DomainRow, MailboxRow
from mailboxes.actions.imports.tables import parse_domain, parse_name
from mailboxes.actions.relaying import check_delivery, check_route
from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused
from mailboxes.models import AliasDomain, Domain
from mailboxes.routing import normalize
from mailboxes.sizes import to_units


def missing_domain(planner: Planner, row: MailboxRow | AliasRow, address: str) -> list[Outcome]:
    """Return the outcome of the row's domain, if it is to be added."""
    name = parse_name(address).domain
    if not planner.options.creates_domains or name in planner.tables.domains:
        return []
    return [plan_domain(planner, DomainRow(row.place, name))]


def plan_domain(planner: Planner, row: DomainRow) -> Outcome:
    name = parse_domain(row.name)
    values = domain_values(row)
    if existing := planner.tables.domains.get(name):
        check_reach(planner.actor, name)
        planner.note_name("domain", name, row.place)
        found = planner.changed(row, existing, values)
        if {"transport", "backupmx"} & found.changes.keys():
            check_route(existing)
            check_delivery(existing)
        return found
    authorize(planner.actor, "domain.create", name)
    check_not_served(name, row.active is not False, planner.tables.kept_domains)
    if name in planner.tables.alias_domains:
        raise Refused(DOMAIN_EXISTS, {"name": name}, code="taken", field="domain")
    domain = Domain(domain=name, **given(values))
    rules.check_columns(domain)
    check_route(domain)
    planner.note_name("domain", name, row.place)
    planner.tables.domains[name] = domain
    return Outcome(row, Verb.CREATE, domain, new_values(domain, *values))


def domain_values(row: DomainRow) -> dict[str, Any]:
    return {
        "description": row.description,
        "mailboxes": row.max_mailboxes,
        "aliases": row.max_aliases,
        "maxquota": in_units(row.max_quota),
        "active": row.active,
        "quota": in_units(row.total_quota),
        "transport": row.transport and normalize(row.transport),
        "backupmx": row.backup_mx,
        "password_expiry": row.password_expiry,
    }


def in_units(number: int | None) -> int | None:
    """Return bytes in the unit of a domain's limits."""
    return number if number is None or number < 0 else to_units(number, quota_multiplier())


def plan_alias_domain(planner: Planner, row: AliasDomainRow) -> Outcome:
    name, target = map(parse_domain, (row.name, row.target))
    for each in (name, target):
        check_reach(planner.actor, each)
    planner.note_name("aliasdomain", name, row.place)
    if existing := planner.tables.alias_domains.get(name):
        if planner.options.updates:
            check_expansion(planner, row, AliasDomain(alias_domain=name, target_domain=target))
        return planner.changed(row, existing, {"target_domain": target, "active": row.active})
    authorize(planner.actor, "aliasdomain.create", name)
    for each in (name, target):
        if each not in planner.tables.domains:
            raise Refused(rules.NO_DOMAIN, {"domain": each}, code="no_domain")
    params = {"name": name, "target": target}
    if name == target:
        raise Refused(rules.SAME_DOMAIN, params, code="loop")
    if target in planner.tables.alias_domains or name in planner.tables.targets:
        raise Refused(rules.CHAINED, params, code="chain")
    found = AliasDomain(alias_domain=name, target_domain=target, active=row.active is not False)
    check_expansion(planner, row, found)
    planner.tables.alias_domains[name] = found
    planner.tables.targets.add(target)
    return Outcome(row, Verb.CREATE, found, new_values(found, "target_domain", "active"))


def check_expansion(planner: Planner, row: AliasDomainRow, alias_domain: AliasDomain) -> None:
    """Refuse an alias domain that completes a loop with the tables and the rows read so far."""
    known, name = planner.tables.alias_domains, alias_domain.pk
    before = known.get(name)
    is_active = before.active if before and row.active is None else row.active is not False
    if not is_active:
        return
    known[name] = alias_domain
    try:
        aliases = planner.tables.aliases.values()
        expansion.check_forwarded_domain(name, planner.actor.scope, planner.look_ups, aliases)
    finally:
        del known[name]
        if before:
            known[name] = before
