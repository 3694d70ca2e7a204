"""What is to be said of rows that have been changed or deleted, and of aliases above them."""

from collections.abc import Collection

from django.db.models import F

from mailboxes.access.scope import Scope
from mailboxes.domain_addresses import begun_lists
from mailboxes.errors import Refused
from mailboxes.forwarding.expansion import Expansion
from mailboxes.forwarding.findings import (
    LeftBehind,
    Row,
    aliases_in,
    are_checked,
    catch_alls,
    check,
    find_losses,
    local_domains,
    look_ups_with,
    without_mailboxes,
)
from mailboxes.forwarding.lookups import LookUps, start_of
from mailboxes.forwarding.sources import with_alias_domains
from mailboxes.forwarding.wording import UNCHECKED, finding_notes, only_listed_notes
from mailboxes.models import Alias, AliasDomain, Domain


def notes_of_enabling(rows: Collection[Row], scope: Scope) -> list[Refused]:
    """Return what is wrong with mail once these rows are enabled."""
    addresses, domains = split(rows)
    return notes_of_changes(addresses, domains, scope, look_ups_with(rows, True))


def notes_of_renaming(old: str, new: str, scope: Scope) -> list[Refused]:
    """Return what is wrong with mail once a mailbox or a domain has been renamed: addresses of the
    new domain were another host's until now, and those in alias domains have the old local part.
    """
    names = [old, new]
    return notes_of_changes(*((names, []) if "@" in old else ([], names)), scope)


def split(rows: Collection[Row]) -> tuple[list[str], list[str]]:
    """Return the addresses, and the names of domains and alias domains, among these rows."""
    found: tuple[list[str], list[str]] = [], []
    for row in rows:
        found[isinstance(row, Domain | AliasDomain)].append(row.pk)
    return found


def notes_of_changes(
    addresses: Collection[str],
    domains: Collection[str],
    scope: Scope,
    look_ups: LookUps | None = None,
) -> list[Refused]:
    """Return what is wrong with these addresses, and with mail in and into these domains, as they
    are in the tables now or as the `look_ups` find them.
    """
    begun = begun_lists(addresses) if look_ups is None else []
    look_ups, aliases = look_ups or LookUps(), Alias.objects.exclude(goto=F("address"))
    inside = aliases_in(domains)
    others = [*inside.rows, *without_mailboxes(local_domains(domains)), *catch_alls(begun)]
    names = with_alias_domains([*addresses, *(alias.pk for alias in others)])
    expansion = Expansion([start_of(name) for name in names], look_ups)
    findings = check(filter(None, (look_ups.row(Alias, name) for name in names)), look_ups)
    lost = {
        name: address
        for name, address in names.items()
        if expansion.is_deferred(start_of(name)) or not expansion.arrives(start_of(name))
    }
    lost |= {f"@{domain.lower()}": domain for domain in [*domains, *begun]}
    found, known = LeftBehind(), {finding.alias for finding in findings}
    is_checked = not inside.more and are_checked(lost)
    for loss in find_losses(lost, aliases, look_ups) if is_checked else ():
        if loss.finding.alias not in known:
            found.add(loss, scope)
    unchecked = [] if is_checked or not lost else [UNCHECKED]
    return [*only_listed_notes(begun), *finding_notes(findings, scope, found), *unchecked]
