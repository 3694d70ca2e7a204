"""Setting a mailbox's password, and signing its owner in."""

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from mailboxes.actions.base import save_columns, subject_of
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import recorded
from mailboxes.conf import mail_host
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.passwords.schemes import BadPassword
from mailboxes.variants import Scheme


def change_password(actor: Actor, mailbox: Mailbox, password: str) -> None:
    """Set a new password in the host's scheme, whatever scheme the old one had."""
    with recorded(actor, "mailbox.change", subject_of(mailbox, {"password": []})):
        set_password(mailbox, password)
        renew_expiry(mailbox, Domain.objects.filter(pk=mailbox.domain_id).first())
        save_columns(mailbox, "password", "password_expiry")


def set_password(mailbox: Mailbox, password: str) -> None:
    """Check and hash the password of a mailbox that is about to be saved.

    This takes up to a quarter of a second, so never call it in a transaction.
    """
    scheme = mail_host().scheme
    check_new_password(password, mailbox, scheme)
    mailbox.password = schemes.make_password(password, scheme.handler)


def check_new_password(password: str, mailbox: Mailbox, scheme: Scheme) -> None:
    """Refuse a password that the daemons can't handle or that is too easy to guess."""
    schemes.check_usable(password, scheme.max_bytes)
    try:
        validate_password(password, mailbox)  # type: ignore[arg-type]  # any row with names
    except ValidationError as error:
        raise BadPassword(" ".join(error.messages), code="weak", field="password") from error


def renew_expiry(mailbox: Mailbox, domain: Domain | None) -> None:
    """Let a new password expire after the number of days set for the domain in PostfixAdmin."""
    if domain and domain.password_expiry:
        mailbox.password_expiry = timezone.now() + timedelta(days=domain.password_expiry)


def authenticate(address: str, password: str) -> Mailbox | None:
    """Return the active mailbox that this password belongs to.

    An unknown address, a wrong password and a disabled mailbox or domain give None, and each
    costs at least one check in the host's scheme. A row in another scheme additionally costs its
    own check, which the caller has to hide.
    """
    handler = mail_host().scheme.handler
    mailbox = Mailbox.objects.filter(pk=address).first()
    fits = mailbox is not None and mailbox.check_password(password)
    if mailbox is None or schemes.needs_update(mailbox.password, handler):
        schemes.dummy_verify(handler, password)
    is_open = Domain.objects.filter(pk=address.rpartition("@")[2], active=True).exists()
    return mailbox if mailbox and fits and mailbox.active and is_open else None
