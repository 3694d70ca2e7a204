"""Creating, changing and deleting domains."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction

from mailboxes import foreign_rows
from mailboxes.access import self_service
from mailboxes.access.grants import forget_domain
from mailboxes.actions import relaying, rules
from mailboxes.actions.base import (
    authorize,
    changed_values,
    inserting,
    new_values,
    performing,
    removed,
    save_columns,
    subject_of,
)
from mailboxes.actions.role_addresses import create_role_addresses
from mailboxes.actions.shown_values import COLUMNS, ShownValues, check_unchanged
from mailboxes.addresses import DomainName
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, log_change
from mailboxes.conf import own_names
from mailboxes.deployment.applied import kept_domains
from mailboxes.domain_addresses import accepts_any, addresses_in
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import with_keys
from mailboxes.routing import Kind

DOMAIN_EXISTS = gettext_noop("The domain %(name)s already exists.")
OWN_HOSTNAME = gettext_noop(
    "%(name)s is one of the mail host's own names (MAIL_HOSTNAME). Postfix delivers its mail to "
    "local users, so it can't contain mailboxes. Use the parent domain instead."
)
SERVED_OTHERWISE = gettext_noop(
    "The mail host already receives mail for %(name)s without the panel (apply --keep), so that "
    "part of it would be refused or go astray. Create the domain disabled, with its addresses. To "
    "move it to the panel, enable it, take it out of the mail host's own settings, and run apply "
    "again."
)
EDITABLE_COLUMNS = COLUMNS[Domain]
ROUTE_COLUMNS = ("transport", "backupmx")


def create_domain(actor: Actor, name: DomainName, postmaster: str = "", **columns: Any) -> Domain:
    """Add a domain; refuse a name that is taken or that the mail host serves by itself.

    If mail is delivered here, `postmaster` receives that for postmaster@ and abuse@.
    """
    domain = Domain(domain=str(name), **columns)
    is_local = domain.route.kind == Kind.LOCAL
    params = {"name": str(name)}
    logged = [one for one in EDITABLE_COLUMNS if not (is_local and one in ROUTE_COLUMNS)]
    changes = new_values(domain, *logged)
    if is_local and postmaster:
        changes["postmaster"] = [None, postmaster]
    with performing(actor, "domain.create", subject_of(domain, changes)):
        rules.check_columns(domain)
        relaying.check_route(domain)
        check_new_domain(name, domain.active)
        forget_domain(str(name))  # the administrators of a former domain have no right to this one
        with inserting(DOMAIN_EXISTS, params, "domain"):
            domain.save(force_insert=True)
            if not is_local:
                relaying.accept_any(domain)
            elif postmaster:
                create_role_addresses(domain, postmaster, actor.scope)
    return domain


def check_new_domain(name: DomainName, active: bool) -> None:
    """Refuse a name that is taken, is the mail host's own, or that it serves without the panel."""
    params = {"name": str(name)}
    check_not_served(str(name), active, kept_domains())
    if Domain.objects.filter(pk=str(name)).exists():
        raise Refused(DOMAIN_EXISTS, params, code="taken", field="domain")


def check_not_served(name: str, active: bool, kept: Collection[str]) -> None:
    """Refuse the mail host's own name, and to have mail for a domain in two places at once.

    A disabled domain changes nothing for the mail host, so it can be prepared.
    """
    if name in own_names():
        raise Refused(OWN_HOSTNAME, {"name": name}, code="own_hostname", field="domain")
    if active and name in kept:
        raise Refused(SERVED_OTHERWISE, {"name": name}, code="kept", field="domain")


def change_domain(
    actor: Actor,
    domain: Domain,
    shown: ShownValues | None = None,
    any_recipient: bool | None = None,
    postmaster: str = "",
) -> None:
    """Save everything about a domain except its name.

    `any_recipient` says whether a relayed domain accepts mail for any address, None leaves that as
    it is; `postmaster` receives mail for postmaster@ and abuse@ where they don't exist.
    """
    changes = changed_values(domain, *EDITABLE_COLUMNS)
    is_local = domain.route.kind == Kind.LOCAL
    if not is_local and any_recipient not in (None, before := accepts_any(domain.pk)):
        changes["any_recipient"] = [before, any_recipient]
    if is_local and postmaster:
        changes["postmaster"] = [None, postmaster]
    with (
        performing(actor, "domain.change", subject_of(domain, changes)),
        transaction.atomic(using="mail"),
    ):
        rules.lock_domains(domain.pk)
        check_unchanged(domain, shown)
        save_route(domain, any_recipient)
        save_columns(domain, *EDITABLE_COLUMNS)
        if is_local and postmaster:
            create_role_addresses(domain, postmaster, actor.scope)


def save_route(domain: Domain, any_recipient: bool | None) -> None:
    """Check where a domain's mail goes, and add or delete what says for which addresses."""
    stored = Domain.objects.filter(pk=domain.pk).first()
    is_new = stored is not None and stored.route != domain.route
    if is_new:
        relaying.check_route(domain)
    if domain.route.kind == Kind.LOCAL:
        if is_new:
            relaying.accept_only_known(domain)
            relaying.check_delivery(domain)
    elif any_recipient and (is_new or not accepts_any(domain.pk)):
        relaying.accept_any(domain)
    elif any_recipient is False and (is_new or accepts_any(domain.pk)):
        relaying.accept_listed(domain)


@transaction.atomic(using="default")
def set_self_service(actor: Actor, domain: Domain, active: bool) -> None:
    """Allow or forbid the owners in a domain to change their passwords."""
    authorize(actor, "domain.change", domain.pk)
    if self_service.is_open(domain.pk) != active:
        self_service.set_open(domain.pk, active)
        changes: Changes = {"self_service": [not active, active]}
        log_change(actor, "domain.change", subject_of(domain, changes))


def delete_domain(actor: Actor, domain: Domain) -> None:
    """Delete the domain, what is in it, and its row as an alias domain, in one transaction."""
    changes = removed(foreign_rows.count_in(domain.pk, addresses_in(domain.pk)))
    with performing(actor, "domain.delete", subject_of(domain, changes)):
        remove_domain(domain)


def lock_for_deletion(domain: Domain) -> None:
    """Lock the domain, and refuse what prevents its deletion."""
    if not rules.lock_domains(domain.pk):
        raise Refused(rules.DELETED, {"row": str(domain)}, code="deleted")
    rules.check_deletion(domain)


@transaction.atomic(using="mail")
def remove_domain(domain: Domain) -> None:
    lock_for_deletion(domain)
    addresses = addresses_in(domain.pk)
    if give_to_mailboxes(addresses, domain.pk):
        addresses = addresses_in(domain.pk)
    AliasDomain.objects.filter(pk=domain.pk).delete()
    Mailbox.objects.filter(domain=domain.pk).delete()
    Alias.objects.filter(domain=domain.pk).delete()
    Domain.objects.filter(pk=domain.pk).delete()
    foreign_rows.delete_in(domain.pk, addresses)
    forget_domain(domain.pk)


def give_to_mailboxes(addresses: Sequence[str], domain: str) -> bool:
    """Give own aliases of mailboxes in other domains to these, and say whether there were any.

    The panel makes no such rows in a domain, but other programs may have done so.
    """
    owners = list(with_keys(Mailbox.objects.exclude(domain=domain).only("domain"), addresses))
    for owner in owners:
        Alias.objects.filter(pk=owner.pk, domain=domain).update(domain=owner.domain_id)
    return bool(owners)
