"""Setting a mailbox's password, and finding a mailbox by it."""

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from mailboxes.actions.base import save
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.formats import translated
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes


@transaction.atomic(using="mail")
def change_password(mailbox: Mailbox, password: str) -> None:
    """Set a new password in the host's scheme, whatever scheme the old one had."""
    put_password(mailbox, password)
    save(mailbox, "password", "password_expiry")


def put_password(mailbox: Mailbox, password: str) -> None:
    scheme = mail_host().scheme
    check_password(password, mailbox)
    mailbox.password = schemes.store(password, scheme.handler)
    days = Domain.objects.filter(pk=mailbox.domain_id).values_list("password_expiry").first()
    if days and days[0]:
        mailbox.password_expiry = timezone.now() + timedelta(days=days[0])


def check_password(password: str, mailbox: Mailbox) -> None:
    """Refuse a password that the daemons cannot take or that is too easy to guess."""
    try:
        schemes.check_password(password, mail_host().scheme.longest)
        validate_password(password, mailbox)  # type: ignore[arg-type]  # any row with names
    except schemes.BadPassword as error:
        raise Refused(translated(error), "password") from error
    except ValidationError as error:
        raise Refused(" ".join(error.messages), "password") from error


def find_by_password(address: str, password: str) -> Mailbox | None:
    """Return the active mailbox that this password opens.

    An unknown address, a wrong password and a disabled mailbox or domain give None, and each
    costs at least one check in the host's scheme. A row in another scheme costs its own check
    besides, which the caller has to hide.
    """
    handler = mail_host().scheme.handler
    mailbox = Mailbox.objects.filter(pk=address).first()
    fits = mailbox is not None and mailbox.check_password(password)
    if mailbox is None or not schemes.is_of(mailbox.password, handler):
        schemes.spend(handler, password)
    open_domain = Domain.objects.filter(pk=address.rpartition("@")[2], active=True).exists()
    return mailbox if mailbox and fits and mailbox.active and open_domain else None
