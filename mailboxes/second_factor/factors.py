"""A person's second factors: what may be done with them, each with its log entry.

They are rows of allauth's table. Recovery codes are no factor of their own: they replace one that
is lost, and go with the last one.
"""

import json
import logging
import struct
from typing import Any

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from cryptography.fernet import InvalidToken
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from mailboxes.actions.base import check_role
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.log import log_change, log_event, subject
from mailboxes.errors import Refused, gettext_noop
from mailboxes.second_factor.policy import is_required

Type = Authenticator.Type
logger = logging.getLogger(__name__)

MAX_CREDENTIAL = 16 * 1024
"""How many characters a browser's answer may have; they have one or two thousand."""

MALFORMED = (
    ValidationError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RecursionError,
    struct.error,
)
"""What the parsers of JSON, CBOR and authenticator data raise."""


def of(user: User) -> QuerySet[Authenticator]:
    """Return the second factors without the recovery codes, the oldest first."""
    rows: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user.pk)
    return rows.exclude(type=Type.RECOVERY_CODES).order_by("pk")


def has_second_factor(user: User) -> bool:
    return of(user).exists()


def must_set_up(user: User) -> bool:
    return is_required(user) and not has_second_factor(user)


def passkeys(user: User) -> QuerySet[Authenticator]:
    return of(user).filter(type=Type.WEBAUTHN)


def recovery_codes(user: User) -> Authenticator | None:
    found: Authenticator | None = Authenticator.objects.filter(
        user_id=user.pk, type=Type.RECOVERY_CODES
    ).first()
    return found


def codes_left(row: Authenticator) -> int:
    return len(row.wrap().get_unused_codes())


def describe(row: Authenticator) -> str:
    """Return a factor as the log names it."""
    return f"passkey: {row.data['name']}" if row.type == Type.WEBAUTHN else str(row.type)


def log(actor: Actor, verb: str, user: User, before: str = "", after: str = "") -> None:
    changes = {"second_factor": [before, after]} if before or after else {}
    entry = subject(ADMINISTRATOR, user.get_username(), "", changes)
    log_change(actor, f"administrator.{verb}", entry)


def lock(user: User) -> User:
    """Lock the person's row: what follows in the transaction is done one after the other."""
    return User.objects.select_for_update().get(pk=user.pk)


def matching_counter(secret: str, code: str) -> int | None:
    """Return the time step to which the code of an authenticator app belongs, if it is right."""
    for counter in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, counter))):
            return int(counter)
    return None


@transaction.atomic
def add_app(actor: Actor, user: User, secret: str, code: str) -> Authenticator:
    """Add an authenticator app that shows the right code; a person has one at most."""
    lock(user)
    if of(user).filter(type=Type.TOTP).exists():
        raise Refused(gettext_noop("You already have an authenticator app. Remove it first."))
    counter = matching_counter(secret, code)
    if counter is None:
        raise Refused(
            gettext_noop(
                "This code is wrong. Check the time on your device, then enter a new one."
            ),
            field="code",
        )
    row: Authenticator = TOTP.activate(user, secret).instance
    row.data["counter"] = counter
    row.save(update_fields=["data"])
    log(actor, "add-second-factor", user, after=describe(row))
    return row


def parse(credential: str) -> Any:
    if len(credential) > MAX_CREDENTIAL:
        raise ValueError
    return json.loads(credential)


@transaction.atomic
def add_passkey(actor: Actor, user: User, name: str, credential: str) -> Authenticator:
    """Add the passkey that the browser created for the challenge in this session."""
    lock(user)
    try:
        response = parse(credential)
        webauthn.parse_registration_response(response)
        webauthn.complete_registration(response)
    except MALFORMED as error:
        raise Refused(gettext_noop("The browser's passkey could not be verified.")) from error
    row: Authenticator = webauthn.WebAuthn.add(user, name, response).instance
    log(actor, "add-second-factor", user, after=describe(row))
    return row


@transaction.atomic
def remove(actor: Actor, user: User, row: Authenticator) -> None:
    """Remove a factor, and with the last one the recovery codes, unless the role needs one."""
    lock(user)
    is_last = not of(user).exclude(pk=row.pk).exists()
    if is_last and is_required(user):
        raise Refused(gettext_noop("Your role requires a second factor. Add another one first."))
    log(actor, "remove-second-factor", user, before=describe(row))
    row.delete()
    if is_last:
        Authenticator.objects.filter(user_id=user.pk).delete()


@transaction.atomic
def generate_recovery_codes(actor: Actor, user: User) -> list[str]:
    """Replace the recovery codes, and return the new ones."""
    lock(user)
    if not has_second_factor(user):
        raise Refused(gettext_noop("Add an authenticator app or a passkey first."))
    Authenticator.objects.filter(user_id=user.pk, type=Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    log(actor, "generate-recovery-codes", user)
    return codes


@transaction.atomic
def reset(actor: Actor, user: User) -> None:
    """Remove everything, for somebody who has lost it."""
    check_role(actor, "administrator.reset-second-factor")
    lock(user)
    rows = Authenticator.objects.filter(user_id=user.pk)
    if not rows.exists():
        raise Refused(gettext_noop("%(name)s has no second factor."), {"name": user.get_username()})
    before = ", ".join(describe(row) for row in rows.order_by("pk"))
    rows.delete()
    log(actor, "reset-second-factor", user, before=before)


@transaction.atomic
def use_code(actor: Actor, user: User, code: str) -> Authenticator | None:
    """Accept the code of the app or a recovery code, each once; return what it belongs to."""
    lock(user)
    rows = Authenticator.objects.filter(user_id=user.pk).exclude(type=Type.WEBAUTHN)
    try:
        fitting = (row for row in rows.order_by("-type") if use(actor, user, row, code))
        return next(fitting, None)
    except InvalidToken:
        # Encrypted with another SECRET_KEY, which is not among SECRET_KEY_FALLBACKS.
        name = json.dumps(user.get_username())
        logger.error("The second factor of %s can't be decrypted; reset it.", name)
        return None


def use(actor: Actor, user: User, row: Authenticator, code: str) -> bool:
    if row.type == Type.RECOVERY_CODES:
        if not row.wrap().validate_code(code):
            return False
        log_event(actor, "administrator.use-recovery-code", subject(ADMINISTRATOR, str(user)))
    else:
        counter = matching_counter(decrypt(row.data["secret"]), code)
        # A code is used up by its time step (RFC 6238, section 5.2), whichever process saw it.
        if counter is None or counter <= row.data.get("counter", 0):
            return False
        row.data["counter"] = counter
        row.save(update_fields=["data"])
    row.record_usage()
    return True


def use_passkey(user: User, credential: str) -> Authenticator | None:
    """Accept the browser's answer to the challenge in this session; return its passkey."""
    try:
        response = parse(credential)
        webauthn.parse_authentication_response(response)
        row: Authenticator = webauthn.complete_authentication(user, response)
    except MALFORMED:
        return None
    row.record_usage()
    return row


def creation_options(user: User) -> str:
    """Begin to add a passkey; return what the browser needs for it."""
    return json.dumps(webauthn.begin_registration(user, passwordless=False))


def request_options(user: User) -> str:
    """Begin to use a passkey, if there is one; return what the browser needs for it."""
    return json.dumps(webauthn.begin_authentication(user)) if passkeys(user).exists() else ""
