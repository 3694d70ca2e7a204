"""Setting a mailbox's password, and signing its owner in."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from mailboxes.access import self_service
from mailboxes.accounts import AccountKind
from mailboxes.actions.base import performing, save_columns, subject_of
from mailboxes.actions.shown_values import CHANGED
from mailboxes.audit.actors import OWNER, Actor
from mailboxes.audit.log import log_event, subject
from mailboxes.conf import MailHost
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.passwords.strength import check_strength
from mailboxes.variants import Scheme
from mailboxes.verification import needs_rehash

NEIGHBOURS = 100
"""How many keys are read to choose a stand-in, in 0.2 ms."""


CLOSED = gettext_noop(
    "Only an administrator can change passwords in %(domain)s. Ask your administrator for a new "
    "one."
)
SAME_PASSWORD = gettext_noop("This is your current password. Choose another one.")
PARTLY_CHECKED = gettext_noop(
    "Only the beginning of your current password has been checked until now. Choose a new one."
)


def change_password(
    actor: Actor, mailbox: Mailbox, password: str, scheme: Scheme, is_temporary: bool = False
) -> None:
    """Set a new password in this scheme, whatever scheme the old one had.

    A temporary one is to be replaced by the owner, whose own change has to be another password.
    """
    with performing(actor, "mailbox.password", subject_of(mailbox, {"password": []})):
        if actor.kind == OWNER:
            check_own_change(mailbox, password)
        set_password(mailbox, password, scheme)
        renew_expiry(mailbox, Domain.objects.filter(pk=mailbox.domain_id).first())
        save_columns(mailbox, "password", "password_expiry")
        self_service.set_demand(AccountKind.MAILBOX, mailbox.pk, is_temporary)


def check_own_change(mailbox: Mailbox, password: str) -> None:
    """Refuse a change by the owner that the domain doesn't allow, or that changes nothing."""
    if not self_service.is_open(mailbox.domain_id):
        raise Refused(CLOSED, {"domain": mailbox.domain_id}, code="closed")
    if mailbox.check_password(password):
        raise Refused(SAME_PASSWORD, code="same", field="password")


def keep_password(owner: Actor, mailbox: Mailbox, password: str, host: MailHost) -> None:
    """Log that an owner has signed in with this password, and rehash it if it needs to be."""
    if not rehash_password(owner, mailbox, password, host):
        log_event(owner, "mailbox.sign-in", subject("mailbox", owner.name))


def rehash_password(owner: Actor, mailbox: Mailbox, password: str, host: MailHost) -> bool:
    """Store a password that fits the row in the host's scheme; say whether that was needed.

    The password stays the same, and so do its date of expiry and what the domain allows. It isn't
    judged, but the daemons must be able to handle it.
    """
    if not needs_rehash(mailbox.password, host):
        return False
    checked = mailbox.password
    with performing(owner, "mailbox.rehash", subject_of(mailbox, {"password": []})):
        if not schemes.checks_all_of(checked, password, mailbox.username):
            raise Refused(PARTLY_CHECKED, code="partly_checked", field="password")
        schemes.check_usable(password, host.scheme.max_bytes)
        mailbox.password = schemes.make_password(password, host.scheme.handler)
        with transaction.atomic(using="mail"):
            # By key, since a condition on the password ignores case in MySQL.
            row = Mailbox.objects.select_for_update().filter(pk=mailbox.pk).first()
            if row and row.password != checked:
                raise Refused(CHANGED, {"row": str(row)}, code="changed")
            save_columns(mailbox, "password")
    return True


def set_password(mailbox: Mailbox, password: str, scheme: Scheme) -> None:
    """Check and hash the password of a mailbox that is about to be saved.

    This takes up to a quarter of a second, so never call it in a transaction.
    """
    check_new_password(password, mailbox, scheme)
    mailbox.password = schemes.make_password(password, scheme.handler)


def check_new_password(
    password: str, mailbox: Mailbox, scheme: Scheme, is_of_many: bool = False
) -> None:
    """Refuse a password that the daemons can't handle or that is too easy to guess."""
    schemes.check_usable(password, scheme.max_bytes)
    check_strength(password, [mailbox.username, mailbox.name], is_of_many)


def renew_expiry(mailbox: Mailbox, domain: Domain | None) -> None:
    """Let a new password expire after the number of days set for the domain in PostfixAdmin."""
    if domain and domain.password_expiry:
        mailbox.password_expiry = timezone.now() + timedelta(days=domain.password_expiry)


def authenticate(address: str, password: str, scheme: Scheme) -> Mailbox | None:
    """Return the active mailbox that this password belongs to.

    An unknown address, a wrong password and a disabled mailbox or domain give None. Without a hash
    that can be checked, the one of the address's stand-in is, so that it costs as much.
    """
    # To some collations, "änna" is equal to "anna".
    mailbox = Mailbox.objects.filter(pk=address).first() if address.isascii() else None
    other = stand_in(address)
    fits = mailbox is not None and mailbox.check_password(password)
    if mailbox is None or not schemes.is_checkable(mailbox.password):
        if other and schemes.is_checkable(other.password):
            other.check_password(password)
        else:
            schemes.dummy_verify(scheme.handler, password)
    is_open = Domain.objects.filter(pk=address.rpartition("@")[2], active=True).exists()
    return mailbox if mailbox and fits and mailbox.active and is_open else None


def stand_in(address: str) -> Mailbox | None:
    """Return another mailbox, always the same for this address, but not to be foreseen.

    The rows of a table cost very different amounts of time: MD5 nearly none, bcrypt a quarter of a
    second. Chosen like this, the costs of unknown addresses are those of the rows. It is one of
    the rows that follow a random key, not the first: that would often be the same for all.
    """
    made = salted_hmac("mailboxes.stand_in", address, algorithm="sha256").digest()
    start = "".join(chr(ord("a") + byte % 26) for byte in made[:8])
    keys = Mailbox.objects.order_by("pk").values_list("pk", flat=True)
    near = list(keys.filter(pk__gte=start)[:NEIGHBOURS]) or list(keys[:NEIGHBOURS])
    if not near:
        return None
    return Mailbox.objects.filter(pk=near[int.from_bytes(made[8:]) % len(near)]).first()
