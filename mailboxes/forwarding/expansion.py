"""What Postfix makes of an address with virtual_alias_maps, without Django: see `lookups`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

MAX_RECIPIENTS = 1000
"""Postfix's virtual_alias_expansion_limit and virtual_alias_recursion_limit."""

MAX_ADDRESSES = 10_000
"""How many addresses are followed; beyond that, mail is taken to arrive."""


class End(StrEnum):
    """What becomes of mail for an address that isn't forwarded any further."""

    MAILBOX = "mailbox"
    ELSEWHERE = "elsewhere"
    MISSING = "missing"
    DISABLED = "disabled"
    DOMAIN_DISABLED = "domain disabled"
    REFUSED = "refused"
    NO_ADDRESS = "no address"


@dataclass(frozen=True)
class Found:
    """What the maps have for an address."""

    end: End
    targets: tuple[str, ...] = ()

    def forwards_to(self, address: str) -> bool:
        return any(target.lower() == address for target in self.targets)


UNKNOWN = Found(End.ELSEWHERE)
LookUp = Callable[[Collection[str]], Mapping[str, Found]]


class Expansion:
    """Some addresses and all that they forward to, each with what was found for it.

    An address that also forwards to itself, as a mailbox does that keeps a copy, is expanded only
    once by Postfix. So a loop is a circle of addresses none of which forwards to itself.
    """

    def __init__(
        self, addresses: Collection[str], look_up: LookUp, maximum: int = MAX_ADDRESSES
    ) -> None:
        """Follow the addresses level by level, with one look-up for each level."""
        self.found: dict[str, Found] = {}
        level = {address.lower() for address in addresses}
        while level and len(self.found) < maximum:
            new = look_up(level)
            self.found.update(new)
            targets = {target.lower() for found in new.values() for target in found.targets}
            level = targets - self.found.keys()

    def targets(self, address: str) -> list[str]:
        return [target.lower() for target in self.found.get(address, UNKNOWN).targets]

    def keeps_a_copy(self, address: str) -> bool:
        return address in self.targets(address)

    def is_deferred(self, address: str) -> bool:
        """Say whether Postfix gives up expanding the address, and so defers each message to it."""
        slots, expanded, place = [address.lower()], set[str](), 0
        while place < len(slots) <= MAX_RECIPIENTS:
            for steps in count():
                if len(slots) > MAX_RECIPIENTS:
                    return True
                if slots[place] in expanded:
                    break
                if steps == MAX_RECIPIENTS:
                    return True
                if not (targets := self.targets(slots[place])):
                    break
                if slots[place] in targets:
                    expanded.add(slots[place])
                slots[place] = targets[0]
                slots += targets[1:]
            place += 1
        return False

    def loop(self, address: str) -> list[str]:
        """Return the way from the address to the one where it comes round again, or nothing."""
        done: set[str] = set()
        return next(
            filter(None, (self.loop_from(each, done) for each in self.reached(address))), []
        )

    def loop_from(self, start: str, done: set[str]) -> list[str]:
        """Return the way of a loop without an address that keeps a copy; `done` are in none."""
        way: list[str] = []
        pending = [(0, start)]
        while pending:
            depth, address = pending.pop()
            done.update(way[depth:])
            del way[depth:]
            if address in way:
                return [*way, address]
            if address not in done and not self.keeps_a_copy(address):
                way.append(address)
                pending += [(depth + 1, target) for target in reversed(self.targets(address))]
        done.update(way)
        return []

    def reached(self, address: str) -> dict[str, None]:
        """Return the address and all that it forwards to, the nearest first."""
        reached = {address.lower(): None}
        level: Sequence[str] = list(reached)
        while level:
            level = [target for each in level for target in self.targets(each)]
            level = [target for target in dict.fromkeys(level) if target not in reached]
            reached.update(dict.fromkeys(level))
        return reached

    def ends_well(self, address: str) -> bool:
        """Say whether mail arrives that isn't forwarded any further."""
        return self.found.get(address, UNKNOWN).end in (End.MAILBOX, End.ELSEWHERE)

    def arrives(self, address: str) -> bool:
        """Say whether mail for the address arrives anywhere: in a mailbox or at another host."""
        return any(
            self.ends_well(each)
            for each in self.reached(address.lower())
            if not self.targets(each) or self.keeps_a_copy(each)
        )
