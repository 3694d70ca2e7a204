"""What the domains of another program contain, and which of their limits can be kept."""

from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from mailboxes.actions.imports.rows import DomainRow, Unreadable
from mailboxes.errors import Refused
from mailboxes.foreign_flags import is_true
from mailboxes.routing import DELIVERED, Kind, Route
from mailboxes.transfer.databases.reader import NO_COLUMN, number, one_line, quota, text, unreadable
from mailboxes.transfer.databases.source import Source

Limits = tuple[Any, Any, Any, Any]
"""How many mailboxes and aliases a domain may have, and which quotas, each and in total."""


@dataclass
class MailboxUse:
    """The mailboxes of a domain and their quotas, in bytes; some may be without a limit."""

    count: int = 0
    largest: int = 0
    total: int = 0
    is_limited: bool = True

    def add(self, size: int, number: int) -> None:
        self.count += number
        self.largest = max(self.largest, size)
        self.total += size * number
        self.is_limited = self.is_limited and size > 0

    def is_within(self, used: int, limit: int) -> bool:
        """Say whether a limit allows these quotas; 0 allows any."""
        return limit == 0 or (self.is_limited and used <= limit)


class DomainUse:
    """What the domains contain: a limit that they exceed already would refuse some of it."""

    def __init__(
        self,
        source: Source,
        mailboxes: str,
        aliases: str,
        limit_unit: int,
        quota_unit: int | None = None,
        count: Callable[[Any], int] = number,
    ) -> None:
        """Read how many mailboxes have each quota, and how many aliases there are, by domain.

        The quotas of mailboxes may have another unit than the limits, which `count` reads.
        """
        self.limit_unit, self.count = limit_unit, count
        self.mailboxes: dict[str, MailboxUse] = defaultdict(MailboxUse)
        for name, size, mailboxes_ in source.rows(mailboxes):
            with suppress(Refused):  # such mailboxes are unreadable
                bytes_ = quota(size, limit_unit if quota_unit is None else quota_unit)
                self.mailboxes[text(name).lower()].add(bytes_, number(mailboxes_))
        self.aliases: Counter[str] = Counter()
        for name, aliases_ in source.rows(aliases):
            self.aliases[text(name).lower()] += number(aliases_)
        self.relayed: set[str] = set()

    def domain_row(
        self, place: str, name: Any, description: Any, active: Any, limits: Limits, *route: Any
    ) -> DomainRow | Unreadable:
        """Return a domain with those of its limits that are kept."""
        row = DomainRow(place, text(name), one_line(description), active=is_true(active))
        routed = self.routed(row, *route) if route else row
        try:
            kept = self.limits(row.name, *limits)
        except Refused as error:
            return unreadable(place, name, error)
        if routed is not row:
            kept.pop("max_aliases", None)
        return replace(routed, **kept)

    def routed(self, row: DomainRow, transport: Any, backup_mx: Any) -> DomainRow:
        """Return a domain with its route, if that is not to mailboxes here."""
        route = Route.read(text(transport), is_true(backup_mx))
        if route.kind == Kind.LOCAL:
            return row
        self.relayed.add(row.name.lower())
        transport, backup_mx = route.write(DELIVERED, False)
        return replace(row, transport=transport, backup_mx=backup_mx)

    def is_relayed(self, address: str) -> bool:
        return address.rpartition("@")[2].lower() in self.relayed

    def limits(
        self, name: str, mailboxes: Any, aliases: Any, size: Any, total: Any
    ) -> dict[str, Any]:
        """Return those limits that are kept; a program may have none for each quota."""
        use = self.mailboxes[name.lower()]
        kept: dict[str, int] = {}
        if is_within(use.count, limit := self.count(mailboxes)):
            kept["max_mailboxes"] = limit
        if is_within(self.aliases[name.lower()], limit := self.count(aliases)):
            kept["max_aliases"] = limit
        if size is not NO_COLUMN and use.is_within(
            use.largest, limit := quota(size, self.limit_unit)
        ):
            kept["max_quota"] = limit
        if use.is_within(use.total, limit := quota(total, self.limit_unit)):
            kept["total_quota"] = limit
        return kept


def is_within(count: int, limit: int) -> bool:
    """Say whether a limit allows so many rows; 0 allows any number, -1 none."""
    return limit == 0 or count <= max(limit, 0)
