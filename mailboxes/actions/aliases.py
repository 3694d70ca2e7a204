"""Creating, changing and deleting aliases and alias domains."""

from collections.abc import Sequence

from django.db import transaction

from mailboxes.actions import expansion, rules
from mailboxes.actions.base import (
    authorize,
    changed_values,
    inserting,
    new_values,
    performing,
    save_columns,
    subject_of,
)
from mailboxes.actions.shown_values import ShownValues, check_unchanged
from mailboxes.addresses import Address, CatchAll
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.routing import Kind


def create_alias(
    actor: Actor, address: Address | CatchAll, targets: Sequence[str], active: bool = True
) -> Alias:
    """Add an alias that forwards to the targets."""
    alias = Alias(
        address=str(address), goto=",".join(targets), domain_id=address.domain, active=active
    )
    with performing(actor, "alias.create", subject_of(alias, new_values(alias, "goto", "active"))):
        is_relayed = in_relayed_domain(alias)
        alias.goto = ",".join(rules.check_targets(alias.pk, targets, is_relayed=is_relayed))
        with inserting(rules.ADDRESS_TAKEN, {"address": alias.pk}, "address"):
            locked = expansion.lock_alias(alias)
            domain = rules.active_domain(address.domain)
            rules.check_address_is_free(alias.pk)
            rules.check_alias_limit(domain)
            alias.save(force_insert=True)
            expansion.check_saved_alias(alias, actor.scope, locked)
    return alias


def in_relayed_domain(alias: Alias) -> bool:
    domain = Domain.objects.filter(pk=alias.domain_id).first()
    return domain is not None and domain.route.kind != Kind.LOCAL


def change_alias(
    actor: Actor, alias: Alias, targets: Sequence[str], shown: ShownValues | None = None
) -> None:
    """Save an alias's targets and whether it is active.

    Those that are stored already are kept, whatever they are; new ones must be addresses.
    """
    alias.goto = ",".join(targets)
    changes = changed_values(alias, "goto", "active")
    with (
        performing(actor, "alias.change", subject_of(alias, changes)),
        transaction.atomic(using="mail"),
    ):
        if alias.is_mailbox_alias:
            authorize(actor, "mailbox.change", alias.domain_id)
        locked = expansion.lock_alias(alias)
        check_unchanged(alias, shown)
        changes = changed_values(alias, "goto", "active")
        if "active" in changes:
            rules.check_active(alias, alias.active)
        if "goto" in changes:
            address = "" if alias.is_mailbox_alias else alias.pk
            is_relayed = in_relayed_domain(alias)
            stored = changes["goto"][0]
            alias.goto = ",".join(rules.check_targets(address, targets, stored, is_relayed))
        before = Alias.objects.filter(pk=alias.pk).first()
        if save_columns(alias, "goto", "active"):
            expansion.check_saved_alias(alias, actor.scope, locked, before)


def delete_alias(actor: Actor, alias: Alias) -> int:
    """Delete an alias, but not a mailbox's own; return the entry with which it can be undone."""
    with performing(actor, "alias.delete", subject_of(alias, deleted_values(alias))) as entry:
        remove_alias(alias)
    return entry


def deleted_values(alias: Alias) -> Changes:
    """Return what is needed to add an alias again."""
    return {"goto": [alias.goto, None], "active": [alias.active, None]}


def remove_alias(alias: Alias) -> None:
    remove_aliases([alias])


@transaction.atomic(using="mail")
def remove_aliases(aliases: Sequence[Alias]) -> None:
    """Delete so many aliases that one statement can name them, unless one is a mailbox's own."""
    rules.lock_domains(*(alias.domain_id for alias in aliases))
    keys = [alias.pk for alias in aliases]
    own = set(map(str.lower, Mailbox.objects.filter(pk__in=keys).values_list("pk", flat=True)))
    for key in keys:
        if key.lower() in own:
            raise Refused(rules.OWN_ALIAS, {"alias": key}, code="mailbox_alias")
    Alias.objects.filter(pk__in=keys).delete()


def create_alias_domain(actor: Actor, name: str, target: str, active: bool = True) -> AliasDomain:
    """Forward each address of one domain to the same address of another."""
    row = AliasDomain(alias_domain=name, target_domain=target, active=active)
    changes = new_values(row, "target_domain", "active")
    with (
        performing(actor, "aliasdomain.create", subject_of(row, changes)),
        inserting(rules.IS_ALIAS_DOMAIN, {"name": name}, "alias_domain"),
    ):
        authorize(actor, "aliasdomain.create", target)
        locked = expansion.lock_alias_domain(row)
        rules.check_alias_domain(name, target)
        row.save(force_insert=True)
        expansion.check_saved_alias_domain(row, actor.scope, locked)
    return row


def delete_alias_domain(actor: Actor, alias_domain: AliasDomain) -> None:
    """Stop forwarding; the domain itself is kept."""
    changes: Changes = {"target_domain": [alias_domain.target_domain, None]}
    with performing(actor, "aliasdomain.delete", subject_of(alias_domain, changes)):
        remove_alias_domain(alias_domain)


def remove_alias_domain(alias_domain: AliasDomain) -> None:
    AliasDomain.objects.filter(pk=alias_domain.pk).delete()
