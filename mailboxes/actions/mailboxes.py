"""Creating, changing and deleting mailboxes."""

from collections.abc import Sequence

from django.db import transaction

from mailboxes import foreign_rows, sending
from mailboxes.access import self_service
from mailboxes.access.scope import Scope
from mailboxes.accounts import AccountKind
from mailboxes.actions import rules
from mailboxes.actions.activation import save_active
from mailboxes.actions.base import (
    changed_values,
    inserting,
    new_values,
    performing,
    removed,
    save_columns,
    subject_of,
)
from mailboxes.actions.passwords import renew_expiry, set_password
from mailboxes.actions.relaying import check_receives
from mailboxes.actions.shown_values import ShownValues, check_unchanged
from mailboxes.addresses import Address
from mailboxes.adoption.mark import new_folder
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes
from mailboxes.conf import mail_host
from mailboxes.handling import Handling
from mailboxes.models import Alias, Domain, Mailbox


def create_mailbox(
    actor: Actor,
    address: Address,
    password: str,
    name: str = "",
    quota: int = 0,
    active: bool = True,
    refusal: str = "",
    may_send: bool = True,
) -> Mailbox:
    """Add a mailbox and the alias to itself that Postfix looks up; a quota of 0 means no limit.

    The alias has the target `refusal` instead, if mail is refused or discarded (`handling`).
    """
    mailbox = Mailbox(
        username=str(address),
        local_part=address.local_part,
        domain_id=address.domain,
        maildir=new_folder(address),
        name=name,
        quota=quota,
        active=active,
    )
    changes = new_values(mailbox, "name", "quota", "active")
    if refusal:
        changes["goto"] = [None, refusal]
    if not may_send:
        changes["may_send"] = [None, False]
    with performing(actor, "mailbox.create", subject_of(mailbox, changes)):
        rules.check_columns(mailbox, "name", "quota")
        set_password(mailbox, password, mail_host().scheme)
        with inserting(rules.ADDRESS_TAKEN, {"address": mailbox.pk}, "address"):
            renew_expiry(mailbox, check_new_mailbox(address, quota))
            mailbox.save(force_insert=True)
            Alias.objects.create(
                address=mailbox.pk,
                goto=refusal or mailbox.pk,
                domain_id=address.domain,
                active=active,
            )
            foreign_rows.clear_for([mailbox.pk])
            if not may_send:
                sending.set_may_send(mailbox.pk, False)
    return mailbox


def check_new_mailbox(address: Address, quota: int, lock: bool = True) -> Domain:
    """Return the mailbox's domain, locked; refuse what its limits or the tables don't allow.

    Without the lock, it can be called outside a transaction, before a password is entered.
    """
    domain = rules.active_domain(address.domain, lock)
    check_receives(domain)
    rules.check_address_is_free(str(address))
    rules.check_mailbox_limit(domain)
    rules.check_quota(domain, quota)
    return domain


def change_mailbox(
    actor: Actor,
    mailbox: Mailbox,
    password: str = "",
    shown: ShownValues | None = None,
    refusal: str | None = None,
    may_send: bool | None = None,
) -> None:
    """Save name, quota, state (of the mailbox's own alias, too) and, if given, a password.

    `refusal` is the target of its alias if mail is refused or discarded, empty if it is delivered;
    None leaves that as it is. So does it for `may_send`.
    """
    changes = changed_values(mailbox, "name", "quota", "active")
    changes |= changed_goto(mailbox, refusal)
    if may_send not in (None, before := sending.may_send(mailbox.pk)):
        changes["may_send"] = [before, may_send]
    if password:
        changes["password"] = []
    with performing(actor, "mailbox.change", subject_of(mailbox, changes)):
        if password:
            set_password(mailbox, password, mail_host().scheme)
        with transaction.atomic(using="mail"):
            domain = check_changed_quota(mailbox)
            check_unchanged(mailbox, shown)
            columns = ["name", "quota"]
            if password:
                renew_expiry(mailbox, domain)
                columns += ["password", "password_expiry"]
            save_columns(mailbox, *columns)
            save_handling(mailbox, refusal, actor.scope)
            if "may_send" in changes:
                sending.set_may_send(mailbox.pk, bool(may_send))
        if password:
            self_service.set_demand(AccountKind.MAILBOX, mailbox.pk, False)


def changed_goto(mailbox: Mailbox, refusal: str | None) -> Changes:
    """Return what the mailbox's alias forwards to, and what it will, if that changes."""
    own = Alias.objects.filter(pk=mailbox.pk).first()
    if refusal is None or (not refusal and (own is None or own.handling == Handling.DELIVERED)):
        return {}
    before, after = own.goto if own else None, refusal or mailbox.pk
    return {"goto": [before, after]} if before != after else {}


@transaction.atomic(using="mail")
def save_handling(mailbox: Mailbox, refusal: str | None, scope: Scope) -> None:
    """Save the mailbox's state, and let its alias refuse, discard or deliver mail."""
    save_active(mailbox, mailbox.active, scope)
    for _before, goto in changed_goto(mailbox, refusal).values():
        Alias.objects.update_or_create(
            {"goto": goto, "domain_id": mailbox.domain_id, "active": mailbox.active},
            address=mailbox.pk,
        )


def check_changed_quota(mailbox: Mailbox) -> Domain | None:
    """Return the mailbox's domain, locked; refuse a new quota that its limits don't allow."""
    domain = Domain.objects.select_for_update().filter(pk=mailbox.domain_id).first()
    changed = Mailbox.objects.filter(pk=mailbox.pk).exclude(quota=mailbox.quota).exists()
    if domain and changed:
        rules.check_quota(domain, mailbox.quota, besides=mailbox.pk)
    return domain


def delete_mailbox(actor: Actor, mailbox: Mailbox) -> None:
    """Delete the mailbox, its own alias and what else belongs to its address, such as a vacation
    message. Other aliases and the mail on disk are kept.
    """
    changes = removed(foreign_rows.count_for([mailbox.pk]).get(mailbox.pk.lower(), {}))
    with performing(actor, "mailbox.delete", subject_of(mailbox, changes)):
        remove_mailbox(mailbox)


def remove_mailbox(mailbox: Mailbox) -> None:
    remove_mailboxes([mailbox])


@transaction.atomic(using="mail")
def remove_mailboxes(mailboxes: Sequence[Mailbox]) -> None:
    """Delete so many mailboxes that one statement can name them, with what belongs to them."""
    rules.lock_domains(*(mailbox.domain_id for mailbox in mailboxes))
    keys = [mailbox.pk for mailbox in mailboxes]
    self_service.forget_demands(AccountKind.MAILBOX, keys)
    Mailbox.objects.filter(pk__in=keys).delete()
    Alias.objects.filter(pk__in=keys).delete()
    foreign_rows.delete_for(keys)
