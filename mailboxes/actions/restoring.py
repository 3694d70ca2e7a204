"""Adding deleted aliases again, as the log has them."""

from collections.abc import Collection, Iterable

from django.db import transaction

from mailboxes.access.scope import Scope
from mailboxes.actions import expansion, rules
from mailboxes.actions.base import authorize, new_values, subject_of
from mailboxes.actions.batches import BulkResult, refusals_of
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import begin, end
from mailboxes.audit.models import Phase, Subject
from mailboxes.errors import Refused
from mailboxes.forwarding.expansion import Expansion
from mailboxes.forwarding.lookups import LookUps, start_of
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.storage_engines import check_engines

VALUES = ("goto", "active")


def restore_aliases(actor: Actor, deleted: Collection[Subject], continues: int) -> BulkResult:
    """Add these aliases again, in one transaction; each is added or refused by itself.

    Those that are there as they were are passed over.
    """
    aliases = [alias_of(row) for row in deleted]
    result = BulkResult(entry=continues)
    with transaction.atomic(using="mail"):
        locked = lock(aliases)
        aliases = without_known(aliases)
        if not aliases:
            return result
        subjects = [subject_of(alias, new_values(alias, *VALUES)) for alias in aliases]
        begun = begin(actor, "alias.undo", subjects, continues)
        result.entry = begun.parent or begun.seq
        allowed = []
        for alias, error in checked(actor, aliases):
            if error:
                result.refused.append((alias, error))
            else:
                allowed.append(alias)
        add(allowed, actor.scope, locked, result)
    result.done = result.changed
    end(begun, Phase.DONE, subjects=refusals_of(result))
    return result


def alias_of(row: Subject) -> Alias:
    values = {column: row.changes[column][0] for column in VALUES}
    return Alias(address=row.name, domain_id=row.domain, **values)


def lock(aliases: Collection[Alias]) -> set[str]:
    """Lock the domains of the aliases and those that mail passes; return their names."""
    look_ups = LookUps(all_domains=True)
    active = [alias for alias in aliases if alias.active]
    Expansion([name for one in active for name in (start_of(one.pk), *one.targets)], look_ups)
    return rules.lock_domains(*(one.domain_id.lower() for one in aliases), *look_ups.domains())


def without_known(aliases: Collection[Alias]) -> list[Alias]:
    rows = Alias.objects.filter(pk__in=[one.pk for one in aliases])
    known = {row.pk.lower(): (row.goto, row.active) for row in rows}
    return [one for one in aliases if known.get(one.pk.lower()) != (one.goto, one.active)]


def checked(actor: Actor, aliases: Collection[Alias]) -> Iterable[tuple[Alias, Refused | None]]:
    """Yield each alias with the reason why it can't be added by itself, if there is one."""
    keys = [one.pk for one in aliases]
    taken = {
        row.pk.lower()
        for model in (Alias, Mailbox)
        for row in model._default_manager.filter(pk__in=keys)
    }
    names = {one.domain_id for one in aliases}
    domains = {row.pk.lower() for row in Domain.objects.filter(pk__in=names)}
    for alias in aliases:
        try:
            for verb in ("delete", "create"):
                authorize(actor, f"alias.{verb}", alias.domain_id, alias.pk)
            check_engines()
            if alias.pk.lower() in taken:
                rules.check_address_is_free(alias.pk)
            if alias.domain_id.lower() not in domains:
                params = {"domain": alias.domain_id}
                raise Refused(rules.NO_DOMAIN, params, code="no_domain", field="address")
        except Refused as error:
            yield alias, error
        else:
            yield alias, None


def add(aliases: list[Alias], scope: Scope, locked: set[str], result: BulkResult) -> None:
    """Add the aliases together or, if that is refused, one by one."""
    try:
        add_together(aliases, scope, locked)
    except Refused:
        for alias in aliases:
            try:
                add_together([alias], scope, locked)
            except Refused as error:
                result.refused.append((alias, error))
            else:
                result.changed.append(alias)
    else:
        result.changed += aliases


@transaction.atomic(using="mail")
def add_together(aliases: list[Alias], scope: Scope, locked: set[str]) -> None:
    by_domain: dict[str, int] = {}
    for alias in aliases:
        name = alias.domain_id.lower()
        by_domain[name] = by_domain.get(name, 0) + 1
    for domain in Domain.objects.filter(pk__in=[*by_domain]):
        rules.check_alias_limit(domain, by_domain[domain.pk.lower()])
    Alias.objects.bulk_create(aliases)
    expansion.check_saved_aliases(aliases, scope, locked, {})
