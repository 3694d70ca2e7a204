"""Attempts to sign in: each one is counted before it is checked, or is not checked at all.

The counters of an attempt are raised in one transaction and always in the same order, so that
parallel attempts wait for each other. An attempt beyond a limit is rolled back: it uses up nothing.
"""

import logging
import math
import time
from contextlib import suppress

from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.models import BigIntegerField, Case, F, IntegerField, Q, QuerySet, Value, When

from mailboxes.errors import Refused, gettext_noop
from mailboxes.formats import database_message
from mailboxes.throttle.buckets import ANY, Buckets
from mailboxes.throttle.limits import ACCOUNT, CODES, LONGEST, NETWORK, PAIR, Limit
from mailboxes.throttle.models import Counter, KnownClient

logger = logging.getLogger(__name__)

CODE = "code"
"""What the codes of an administrator are counted as besides, over all clients."""

KNOWN_SECONDS = 30 * 24 * 3600
"""How long a client is known to an account after it has signed in."""

CLOCK_STEP = 60
"""How far in the future a counter may have started; beyond that, the clock was set back."""

PRUNED = 10
"""How many old rows one attempt deletes; it adds four at most."""

DEADLOCK = 1213
TRIES = 3


class Locked(Refused):
    """Too many attempts: this one has not been checked."""

    def __init__(self, seconds: int, is_for_all_accounts: bool) -> None:
        self.seconds = seconds
        self.is_for_all_accounts = is_for_all_accounts
        message = gettext_noop("Too many attempts. Try again in %(minutes)s min.")
        super().__init__(message, {"minutes": whole_minutes(seconds)}, code="locked")


def whole_minutes(seconds: int) -> int:
    return math.ceil(seconds / 60)


class NotCounted(Exception):
    """The attempt could not be counted, so it has not been checked."""


def attempt(kind: str, account: str, client: str, is_code: bool = False) -> None:
    """Count an attempt that is about to be checked; raise Locked or NotCounted if it must not be.

    Never call it in a transaction, which could be rolled back with the count.
    """
    buckets, now = Buckets.of(kind, account, client), int(time.time())
    codes = Buckets.of(CODE, account, client).account if is_code else ""
    try:
        limits = limits_of(buckets, now, codes)
        refuse_beyond(limits, now, more=1)
        if count_patiently(limits, now):
            prune(now)
    except DatabaseError as error:
        raise NotCounted(database_message(error)) from error


def succeeded(kind: str, account: str, client: str) -> None:
    """Reset the counter of this account and client, and remember that they belong together."""
    pair, now = Buckets.of(kind, account, client).pair, int(time.time())
    try:
        Counter.objects.filter(pk=pair).delete()
        KnownClient.objects.update_or_create(pk=pair, defaults={"last_sign_in": now})
    except DatabaseError as error:
        raise NotCounted(database_message(error)) from error


def was_right(purpose: str, account: str, client: str) -> None:
    """Take back the attempt of somebody who is signed in already; the wrong ones stay counted.

    A reset would let someone who has the password, but no codes, guess codes without end, and the
    other way round.
    """
    pair = Buckets.of(purpose, account, client).pair
    try:
        Counter.objects.filter(pk=pair, attempts__gt=0).update(attempts=F("attempts") - 1)
    except DatabaseError as error:
        raise NotCounted(database_message(error)) from error


def limits_of(buckets: Buckets, now: int, codes: str = "") -> dict[str, Limit]:
    """Return the limits of an attempt by counter, in the order of the counters' keys.

    From a client that the account is known to use, others can't use up the account's own limits.
    """
    limits = {buckets.pair: PAIR, buckets.network: NETWORK}
    if not KnownClient.objects.filter(
        pk=buckets.pair, last_sign_in__gt=now - KNOWN_SECONDS
    ).exists():
        limits[buckets.account] = ACCOUNT
        limits |= {codes: CODES} if codes else {}
    return dict(sorted(limits.items()))


def refuse_beyond(limits: dict[str, Limit], now: int, more: int) -> None:
    """Raise Locked if a counter is beyond its limit, or would be with that many more."""
    waits = {
        row.pk: row.started + limit.seconds - now
        for row in Counter.objects.filter(pk__in=limits)
        if row.attempts + more > (limit := limits[row.pk]).attempts
        and now - limit.seconds < row.started <= now + CLOCK_STEP
    }
    if waits:
        raise Locked(max(waits.values()), any(pk.startswith(f"{ANY}/") for pk in waits))


def count_patiently(limits: dict[str, Limit], now: int) -> bool:
    """Count again if MariaDB has broken a deadlock."""
    for _ in range(TRIES - 1):
        try:
            return count(limits, now)
        except OperationalError as error:
            if error.args[:1] != (DEADLOCK,):
                raise
    return count(limits, now)


def count(limits: dict[str, Limit], now: int) -> bool:
    """Raise the counters unless one of them is beyond its limit; say whether one is new."""
    with transaction.atomic(using="default"):
        is_new = [raise_counter(bucket, limit, now) for bucket, limit in limits.items()]
        refuse_beyond(limits, now, more=0)
    return any(is_new)


def raise_counter(bucket: str, limit: Limit, now: int) -> bool:
    """Add one, or start again after the limit's time; say whether the counter is new."""
    is_over = Q(started__lte=now - limit.seconds) | Q(started__gt=now + CLOCK_STEP)
    # MySQL sets the columns one after the other, so the condition must hold until the last one.
    if Counter.objects.filter(pk=bucket).update(
        attempts=Case(
            When(is_over, then=Value(1)),
            default=F("attempts") + 1,
            output_field=IntegerField(),
        ),
        started=Case(
            When(is_over, then=Value(now)), default=F("started"), output_field=BigIntegerField()
        ),
    ):
        return False
    insert(bucket, now)
    return True


def insert(bucket: str, now: int) -> None:
    """Add a counter, or raise one that was added in the meantime.

    INSERT IGNORE would take a shared lock first, and then deadlock with others that do the same.
    """
    connection = connections["default"]
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(
                "INSERT INTO throttle_counter (bucket, attempts, started) VALUES (%s, 1, %s)"
                " ON DUPLICATE KEY UPDATE attempts = attempts + 1",
                [bucket, now],
            )
        else:
            cursor.execute(
                "INSERT INTO throttle_counter (bucket, attempts, started) VALUES (%s, 1, %s)"
                " ON CONFLICT (bucket) DO UPDATE SET attempts = attempts + 1",
                [bucket, now],
            )


def expired(now: int) -> dict[str, QuerySet]:
    """Return the rows that no longer limit anything, by the column of their time."""
    return {
        "started": Counter.objects.filter(started__lt=now - LONGEST),
        "last_sign_in": KnownClient.objects.filter(last_sign_in__lt=now - KNOWN_SECONDS),
    }


def delete_expired() -> int:
    """Delete all of them, and return how many."""
    return sum(rows.delete()[0] for rows in expired(int(time.time())).values())


def prune(now: int) -> None:
    """Delete a few of them."""
    with suppress(OperationalError):  # a deadlock; the next attempt deletes them
        for column, rows in expired(now).items():
            keys = list(rows.order_by(column).values_list("pk", flat=True)[:PRUNED])
            if keys:
                rows.filter(pk__in=keys).delete()
