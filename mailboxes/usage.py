"""How full the mailboxes are and when their owners last signed in, as Dovecot writes it down.

Dovecot does so on V2 with MariaDB or MySQL only. Where it does not, or not yet, nothing is known;
where the tables are missing, as in a PostfixAdmin's database of old, it is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, connections
from django.db.models import QuerySet

from mailboxes.models import LastLogin, Mailbox, Usage

MOST = 20_000
SLICE = 1_000
NEARLY = 0.9

Rows = dict[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Standing:
    """What is known of a mailbox; None is unknown. An owner who never came is unknown, too."""

    bytes: int | None = None
    messages: int | None = None
    last_login: datetime | None = None


def of(addresses: Sequence[str]) -> dict[str, Standing]:
    """Return the standing of each of these addresses, which are those of one page.

    It takes two queries by key. A join would compare columns, which fail on MySQL where their
    collations differ (1267), and read whole tables where their character sets do.
    """
    usages = by_address(Usage.objects.filter(pk__in=addresses), "bytes", "messages")
    logins = by_address(LastLogin.objects.filter(pk__in=addresses), "last_login")
    return {address: standing(address.lower(), usages, logins) for address in addresses}


def standing(address: str, usages: Rows, logins: Rows) -> Standing:
    used, messages = usages.get(address, (None, None))
    (seconds,) = logins.get(address, (None,))
    return Standing(used, messages, moment(seconds))


def knows_usage() -> bool:
    """Say whether anybody writes down how full mailboxes are."""
    return bool(by_address(Usage.objects.all()[:1], "bytes"))


def knows_sign_ins() -> bool:
    """Say whether anybody writes down who signs in when."""
    return bool(by_address(LastLogin.objects.all()[:1], "last_login"))


def nearly_full() -> list[str] | None:
    """Return the addresses of mailboxes that fill 90 % of their quota or more, the worst first.

    It reads two columns of both tables, so it returns None where nobody writes usage down, or one
    of them has more than 20,000 rows: a page that is opened all day shall not cost more than that.
    """
    used = by_address(Usage.objects.all()[: MOST + 1], "bytes")
    if not 0 < len(used) <= MOST:
        return None
    quotas = list(Mailbox.objects.values_list("pk", "quota")[: MOST + 1])
    if len(quotas) > MOST:
        return None
    shares = {
        name: used[name.lower()][0] / quota
        for name, quota in quotas
        if quota > 0 and name.lower() in used
    }
    full = [name for name, share in shares.items() if share >= NEARLY]
    return sorted(full, key=shares.__getitem__, reverse=True)


def forget(addresses: Sequence[str]) -> None:
    """Delete what is known of these addresses; the caller's transaction holds it together."""
    there = tables()
    for model in (Usage, LastLogin):
        if model._meta.db_table in there:
            for start in range(0, len(addresses), SLICE):
                model.objects.filter(pk__in=addresses[start : start + SLICE]).delete()


def by_address(rows: QuerySet[Any], *columns: str) -> Rows:
    """Return the columns of these rows by address in lower case; nothing if there is no table."""
    try:
        return {
            address.lower(): tuple(values)
            for address, *values in rows.values_list("username", *columns)
        }
    except DatabaseError:
        if rows.model._meta.db_table in tables():
            raise
        return {}


def tables() -> list[str]:
    return connections["mail"].introspection.table_names(include_views=True)


def moment(seconds: int | None) -> datetime | None:
    """Return the time that is so many seconds after 1970; None for what is none."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds and seconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None
