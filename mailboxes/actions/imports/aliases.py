"""What an import does with aliases."""

from mailboxes.actions import expansion, rules
from mailboxes.actions.base import authorize, new_values
from mailboxes.actions.imports.outcomes import Outcome, Verb
from mailboxes.actions.imports.planner import Planner, check_reach
from mailboxes.actions.imports.rows import AliasRow
from mailboxes.actions.imports.tables import parse_name
from mailboxes.addresses import Address, CatchAll
from mailboxes.errors import Refused
from mailboxes.models import Alias
from mailboxes.routing import Kind


def plan_alias(planner: Planner, row: AliasRow) -> Outcome:
    address = parse_name(row.address)
    check_reach(planner.actor, address.domain)
    planner.note_name("alias", str(address), row.place)
    mailbox = planner.tables.mailboxes.get(str(address))
    existing = planner.tables.aliases.get(str(address))
    is_own = mailbox is not None or planner.is_added("mailbox", str(address))
    goto = goto_of(planner, row, existing, address, is_own)
    if mailbox and row.active not in (None, mailbox.active):
        raise Refused(rules.OWN_ALIAS, {"alias": str(address)}, code="mailbox_alias")
    check_expansion(planner, row, existing, Alias(address=str(address), goto=goto))
    if existing:
        if planner.is_added("mailbox", str(address)):
            existing.goto = goto
            return Outcome(row, Verb.CREATE, existing, new_values(existing, "goto"))
        values = {"goto": goto, "active": row.active}
        return planner.changed(row, existing, values)
    authorize(planner.actor, "alias.create", address.domain)
    domain = planner.domain_of(address)
    if not is_own:
        planner.check_limit(domain, domain.aliases, "aliases")
        planner.tables.add(domain, "aliases")
    alias = Alias(
        address=str(address),
        goto=goto,
        domain_id=address.domain,
        active=mailbox.active if mailbox else row.active is not False,
    )
    planner.tables.aliases[str(address)] = alias
    planner.note_added("alias", str(address), row.place)
    return Outcome(row, Verb.CREATE, alias, new_values(alias, "goto", "active"))


def check_expansion(planner: Planner, row: AliasRow, existing: Alias | None, alias: Alias) -> None:
    """Refuse what Postfix couldn't expand, as far as the tables and the rows read so far tell."""
    if existing:
        is_kept = not planner.options.updates and not planner.is_added("mailbox", alias.pk)
        alias.active = existing.active if row.active is None else row.active
        if is_kept or (alias.goto, alias.active) == (existing.goto, existing.active):
            return
    elif alias.goto == alias.pk or row.active is False:
        return
    planner.tables.aliases[alias.pk] = alias
    try:
        expansion.check_alias(alias, planner.actor.scope, planner.look_ups)
        planner.sources.check(alias, existing, planner.actor.scope)
    finally:
        del planner.tables.aliases[alias.pk]
        if existing:
            planner.tables.aliases[alias.pk] = existing


def goto_of(
    planner: Planner, row: AliasRow, existing: Alias | None, address: Address | CatchAll, own: bool
) -> str:
    """Return the targets as they are stored; those that the alias has already are kept."""
    if existing and row.targets == tuple(existing.targets):
        return existing.goto
    domain = planner.tables.domains.get(address.domain)
    is_relayed = domain is not None and domain.route.kind != Kind.LOCAL
    name, stored = "" if own else str(address), existing.goto if existing else ""
    return ",".join(rules.check_targets(name, row.targets, stored, is_relayed))
