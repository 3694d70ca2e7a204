"""Creating, changing and deleting mailboxes."""

from django.db import transaction
from django.utils.translation import gettext as _

from mailboxes import usage
from mailboxes.actions import rules
from mailboxes.actions.base import new_row, save, set_active
from mailboxes.actions.passwords import change_password, put_password
from mailboxes.addresses import Address
from mailboxes.models import Alias, Domain, Mailbox


def create_mailbox(
    address: Address, password: str, name: str = "", quota: int = 0, active: bool = True
) -> Mailbox:
    """Add a mailbox and the alias to itself that Postfix looks up; quota in bytes, 0 for none."""
    mailbox = Mailbox(
        username=str(address),
        local_part=address.local_part,
        domain_id=address.domain,
        maildir=f"{address.domain}/{address.local_part}/",
        name=name,
        quota=quota,
        active=active,
    )
    rules.check_columns(mailbox, "name", "quota")
    check_new_mailbox(address, quota)
    put_password(mailbox, password)
    with new_row(_("The address %(address)s is taken already.") % {"address": address}):
        check_new_mailbox(address, quota, lock=True)
        mailbox.save(force_insert=True)
        Alias.objects.create(
            address=str(address), goto=str(address), domain_id=address.domain, active=active
        )
    return mailbox


def check_new_mailbox(address: Address, quota: int, lock: bool = False) -> None:
    """Refuse a mailbox whose domain, address or quota the tables do not allow."""
    domain = rules.usable_domain(address.domain, lock)
    rules.check_free(str(address))
    rules.check_count(
        domain, domain.mailboxes, Mailbox.objects.filter(domain=domain.pk), _("mailboxes")
    )
    rules.check_quota(domain, quota)


@transaction.atomic(using="mail")
def change_mailbox(mailbox: Mailbox, password: str = "") -> None:
    """Save name, quota and state, the self-alias following; and a password if one is given."""
    check_changed_mailbox(mailbox, lock=True)
    save(mailbox, "name", "quota")
    set_active(mailbox, mailbox.active)
    if password:
        change_password(mailbox, password)


@transaction.atomic(using="mail")
def set_quota(mailbox: Mailbox, quota: int) -> None:
    """Give a mailbox another quota in bytes, 0 for none; refuse what its domain does not allow."""
    mailbox.quota = quota
    check_changed_mailbox(mailbox, lock=True)
    save(mailbox, "quota")


def check_changed_mailbox(mailbox: Mailbox, lock: bool = False) -> None:
    """Refuse a changed quota that the domain's limits do not allow; an old one may stay."""
    rows = Domain.objects.select_for_update() if lock else Domain.objects
    domain = rows.filter(pk=mailbox.domain_id).first()
    changed = Mailbox.objects.filter(pk=mailbox.pk).exclude(quota=mailbox.quota).exists()
    if domain and changed:
        rules.check_quota(domain, mailbox.quota, besides=mailbox.pk)


@transaction.atomic(using="mail")
def delete_mailbox(mailbox: Mailbox) -> None:
    """Delete the mailbox and its alias to itself; other aliases and the mail on disk stay."""
    Alias.objects.filter(pk=mailbox.pk).delete()
    usage.forget([mailbox.pk])
    Mailbox.objects.filter(pk=mailbox.pk).delete()
