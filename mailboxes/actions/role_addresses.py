"""The addresses that every domain should have: postmaster@ (RFC 5321) and abuse@ (RFC 2142)."""

from mailboxes.access.scope import Scope
from mailboxes.actions import rules
from mailboxes.actions.expansion import check_saved_alias, lock_alias
from mailboxes.domain_addresses import lacking_roles
from mailboxes.models import Alias, Domain


def create_role_addresses(domain: Domain, target: str, scope: Scope) -> None:
    """Add those that the domain lacks, as aliases; its limit doesn't prevent that.

    One that would forward to itself is left out.
    """
    for name in lacking_roles([domain.pk]).get(domain.pk, []):
        address = f"{name}@{domain.pk}"
        if address != target.lower() and not Alias.objects.filter(pk=address).exists():
            goto = ",".join(rules.check_targets(address, [target]))
            alias = Alias(address=address, goto=goto, domain_id=domain.pk)
            locked = lock_alias(alias)
            alias.save(force_insert=True)
            check_saved_alias(alias, scope, locked)
