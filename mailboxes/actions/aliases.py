"""Creating, changing and deleting aliases and alias domains."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from mailboxes.actions import rules
from mailboxes.actions.base import inserting, save_columns
from mailboxes.addresses import Address, CatchAll
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain

IS_A_MAILBOX_ALIAS = _(
    "%(alias)s is the mailbox's own alias, which delivers its mail. It is deleted together with "
    "the mailbox; disable or delete the mailbox instead."
)


def create_alias(address: Address | CatchAll, targets: Sequence[str], active: bool = True) -> Alias:
    """Add an alias that forwards to the targets."""
    rules.check_targets(str(address), targets)
    with inserting(rules.TAKEN, {"address": str(address)}, "address"):
        domain = rules.active_domain(address.domain)
        rules.check_address_is_free(str(address))
        rules.check_alias_limit(domain)
        return Alias.objects.create(
            address=str(address), goto=",".join(targets), domain_id=address.domain, active=active
        )


def change_alias(alias: Alias, targets: Sequence[str]) -> None:
    """Save an alias's targets and whether it is active."""
    rules.check_active(alias, alias.active)
    rules.check_targets("" if alias.is_mailbox_alias else alias.pk, targets)
    alias.goto = ",".join(targets)
    save_columns(alias, "goto", "active")


def delete_alias(alias: Alias) -> None:
    """Delete an alias; refuse to delete a mailbox's own."""
    if alias.is_mailbox_alias:
        raise Refused(IS_A_MAILBOX_ALIAS, {"alias": alias.pk}, code="mailbox_alias")
    Alias.objects.filter(pk=alias.pk).delete()


def create_alias_domain(name: str, target: str, active: bool = True) -> AliasDomain:
    """Forward each address of one domain to the same address of another."""
    with inserting(rules.IS_ALIAS_DOMAIN, {"name": name}, "alias_domain"):
        rules.check_alias_domain(name, target)
        return AliasDomain.objects.create(alias_domain=name, target_domain=target, active=active)


def delete_alias_domain(alias_domain: AliasDomain) -> None:
    """Stop forwarding; the domain itself is kept."""
    AliasDomain.objects.filter(pk=alias_domain.pk).delete()
