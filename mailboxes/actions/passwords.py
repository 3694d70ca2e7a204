"""Setting a mailbox's password, and signing its owner in."""

from datetime import timedelta

from django.utils import timezone

from mailboxes.actions.base import performing, save_columns, subject_of
from mailboxes.audit.actors import Actor
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.passwords.strength import check_strength
from mailboxes.variants import Scheme


def change_password(actor: Actor, mailbox: Mailbox, password: str, scheme: Scheme) -> None:
    """Set a new password in this scheme, whatever scheme the old one had."""
    with performing(actor, "mailbox.password", subject_of(mailbox, {"password": []})):
        set_password(mailbox, password, scheme)
        renew_expiry(mailbox, Domain.objects.filter(pk=mailbox.domain_id).first())
        save_columns(mailbox, "password", "password_expiry")


def set_password(mailbox: Mailbox, password: str, scheme: Scheme) -> None:
    """Check and hash the password of a mailbox that is about to be saved.

    This takes up to a quarter of a second, so never call it in a transaction.
    """
    check_new_password(password, mailbox, scheme)
    mailbox.password = schemes.make_password(password, scheme.handler)


def check_new_password(password: str, mailbox: Mailbox, scheme: Scheme) -> None:
    """Refuse a password that the daemons can't handle or that is too easy to guess."""
    schemes.check_usable(password, scheme.max_bytes)
    check_strength(password, [mailbox.username, mailbox.name])


def renew_expiry(mailbox: Mailbox, domain: Domain | None) -> None:
    """Let a new password expire after the number of days set for the domain in PostfixAdmin."""
    if domain and domain.password_expiry:
        mailbox.password_expiry = timezone.now() + timedelta(days=domain.password_expiry)


def authenticate(address: str, password: str, scheme: Scheme) -> Mailbox | None:
    """Return the active mailbox that this password belongs to.

    An unknown address, a wrong password and a disabled mailbox or domain give None, and each
    costs at least one check in this scheme. A row in another scheme additionally costs its
    own check, which the caller has to hide.
    """
    mailbox = Mailbox.objects.filter(pk=address).first()
    fits = mailbox is not None and mailbox.check_password(password)
    if mailbox is None or schemes.needs_update(mailbox.password, scheme.handler):
        schemes.dummy_verify(scheme.handler, password)
    is_open = Domain.objects.filter(pk=address.rpartition("@")[2], active=True).exists()
    return mailbox if mailbox and fits and mailbox.active and is_open else None
