"""Creating, changing and deleting aliases and alias domains."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from mailboxes.actions import rules
from mailboxes.actions.base import new_row, save
from mailboxes.addresses import Address, CatchAll
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain


def create_alias(address: Address | CatchAll, targets: Iterable[str], active: bool = True) -> Alias:
    """Add an alias that leads to the targets."""
    with new_row(_("The address %(address)s is taken already.") % {"address": address}):
        check_new_alias(address, targets, lock=True)
        return Alias.objects.create(
            address=str(address), goto=",".join(targets), domain_id=address.domain, active=active
        )


def check_new_alias(
    address: Address | CatchAll, targets: Iterable[str], lock: bool = False
) -> None:
    """Refuse an alias whose domain, address or targets the tables do not allow."""
    domain = rules.usable_domain(address.domain, lock)
    rules.check_free(str(address))
    rules.check_count(domain, domain.aliases, rules.plain_aliases(domain), _("aliases"))
    rules.check_targets(str(address), targets)


def change_alias(alias: Alias, targets: Iterable[str]) -> None:
    """Save where the alias leads and whether it is active."""
    check_changed_alias(alias, targets, alias.active)
    alias.goto = ",".join(targets)
    save(alias, "goto", "active")


def check_changed_alias(alias: Alias, targets: Iterable[str], active: bool) -> None:
    """Refuse targets that lead nowhere, and another state than its mailbox has."""
    rules.check_active(alias, active)
    rules.check_targets("" if alias.is_own else alias.pk, targets)


def delete_alias(alias: Alias) -> None:
    """Delete an alias; refuse the one by which a mailbox gets its mail."""
    if alias.is_own:
        raise Refused(
            _(
                "%(alias)s is the alias by which the mailbox of that name gets its mail. It "
                "goes with the mailbox; disable or delete that."
            )
            % {"alias": alias}
        )
    Alias.objects.filter(pk=alias.pk).delete()


def create_alias_domain(name: str, target: str, active: bool = True) -> AliasDomain:
    """Let all addresses of one domain lead to the same addresses of another."""
    with new_row(_("%(name)s leads to another domain already.") % {"name": name}, "alias_domain"):
        rules.check_alias_domain(name, target)
        return AliasDomain.objects.create(alias_domain=name, target_domain=target, active=active)
