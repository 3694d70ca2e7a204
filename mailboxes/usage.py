"""How full the mailboxes are and when their owners last signed in, as Dovecot records it.

Dovecot only does so on V2 with MariaDB or MySQL. Elsewhere, and if an old PostfixAdmin's database
lacks the tables, nothing is known.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError
from django.db.models import QuerySet

from mailboxes import queries
from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.flags import flagged
from mailboxes.lookup_tables.tables import usage_is_kept
from mailboxes.models import LastLogin, Usage
from mailboxes.table_errors import is_unreadable

NEARLY_FULL, FULL = 90, 100
"""Percent of the quota."""

Columns = dict[str, tuple[Any, ...]]


@dataclass(frozen=True)
class MailboxUsage:
    """What is known about a mailbox; None means unknown or, for the last login, never."""

    bytes: int | None = None
    messages: int | None = None
    last_login: datetime | None = None


def find(addresses: Sequence[str]) -> dict[str, MailboxUsage]:
    """Return the usage of each of these addresses, at most a page of them.

    This takes two queries by key. A join would compare columns, which fails on MySQL if their
    collations differ (1267), and reads whole tables if their character sets do.
    """
    usages = by_address(Usage.objects.filter(pk__in=addresses), "bytes", "messages")
    logins = by_address(LastLogin.objects.filter(pk__in=addresses), "last_login")
    return {address: combine(address.lower(), usages, logins) for address in addresses}


def combine(address: str, usages: Columns, logins: Columns) -> MailboxUsage:
    used, messages = usages.get(address, (None, None))
    (seconds,) = logins.get(address, (None,))
    return MailboxUsage(used, messages, from_timestamp(seconds))


def knows_usage() -> bool:
    """Say whether anything records how full mailboxes are."""
    return bool(by_address(Usage.objects.all()[:1], "bytes"))


def knows_sign_ins() -> bool:
    """Say whether anything records sign-ins."""
    return bool(by_address(LastLogin.objects.all()[:1], "last_login"))


def nearly_full(
    mailboxes: QuerySet, domains: Collection[str] | None = None
) -> tuple[list[str], bool] | None:
    """Return the addresses of those mailboxes that use 90 % of their quota or more, fullest first,
    and whether there are more: those of some domains, or of all.

    In an adopted database, all that is recorded is read, so the result is None if that is more than
    MAX_ROWS rows, which is too many for a page that is opened often. So it is if usage is not
    recorded.
    """
    if not usage_is_kept():
        found = full_of_all(mailboxes)
        return None if found is None else (found, False)
    if not knows_usage():
        return None
    flags = flagged(Flag.FULL, domains).order_by("address").values_list("address", flat=True)
    names = list(flags[: queries.READ_AT_ONCE + 1])
    shown = names[: queries.READ_AT_ONCE]
    used = by_address(Usage.objects.filter(pk__in=shown), "bytes")
    quotas = mailboxes.filter(pk__in=shown).values_list("pk", "quota")
    return fullest(quotas, used), len(names) > len(shown)


def full_of_all(mailboxes: QuerySet) -> list[str] | None:
    usages = Usage.objects.order_by("pk")
    if not knows_usage() or queries.capped_count(usages, queries.MAX_ROWS).more:
        return None
    used: Columns = {}
    for part, _is_last in queries.slices(usages):
        used |= by_address(usages.filter(part), "bytes")
    quotas = queries.with_keys(mailboxes.values_list("pk", "quota"), list(used))
    return fullest(quotas, used)


def fullest(quotas: Iterable[tuple[str, int]], used: Columns) -> list[str]:
    """Return those of the mailboxes that are nearly full, the fullest first."""
    percents = {
        name: used[name.lower()][0] * 100 / quota
        for name, quota in quotas
        if quota > 0 and name.lower() in used
    }
    full = [name for name, percent in percents.items() if percent >= NEARLY_FULL]
    return sorted(full, key=percents.__getitem__, reverse=True)


def usage_tone(percent: int) -> str:
    """Return how a mailbox that is so full is colored: good, warn or bad."""
    return "bad" if percent >= FULL else "warn" if percent >= NEARLY_FULL else "good"


def by_address(rows: QuerySet, *columns: str) -> Columns:
    """Return columns of these rows by lowercase address; nothing if the table can't be read."""
    try:
        return {
            address.lower(): tuple(values)
            for address, *values in rows.values_list("username", *columns)
        }
    except DatabaseError as error:
        if not is_unreadable(error) and rows.model._meta.db_table in queries.tables():
            raise
        return {}


def from_timestamp(seconds: int | None) -> datetime | None:
    """Return the time of a Unix timestamp, or None if it isn't a valid one."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds and seconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None
