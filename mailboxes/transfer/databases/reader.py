"""What a reader of another program's tables is, and what several of them need."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
    Unreadable,
)
from mailboxes.addresses import NO_TARGET
from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused, gettext_noop
from mailboxes.inspection.lines import Line
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.passwords.schemes import CLEAR_TEXT
from mailboxes.routing import DELIVERED, Kind, Route
from mailboxes.transfer.databases.source import Source

BAD_QUOTA = gettext_noop("The quota “%(quota)s” is not a number. Correct it in the source.")
NO_NUMBER = gettext_noop(
    "A limit or a quota in the source is “%(text)s”, which is not a number. Correct it there."
)
FALSE = ("", "0", "n", "no", "f", "false")
MEGABYTE = 2**20
MAX_EXAMPLES = 5


@dataclass(frozen=True)
class Options:
    """What the tables don't say."""

    unit: int
    """The number of bytes in one unit of the source's quotas."""

    default_scheme: str = ""
    """The scheme of passwords without {SCHEME}, like Dovecot's `default_pass_scheme`."""


@dataclass(frozen=True)
class Loss:
    """Something in the source that isn't imported, counted where the table has the column."""

    label: str
    table: str
    name: str
    """The column that names a row."""

    where: str = "1 = 1"
    needs: str = ""
    """A column of the condition that not every version has."""

    note: str = ""

    def find(self, source: Source) -> Line | None:
        if not source.has(self.table, self.name, *self.needs.split()):
            return None
        rows = f"FROM {{}}{self.table} WHERE {self.where}"
        [(number,)] = source.run(f"SELECT COUNT(*) {rows}")
        if not number:
            return None
        found = source.run(f"SELECT {self.name} {rows} LIMIT {MAX_EXAMPLES}")
        examples = tuple(dict.fromkeys(text(name) for (name,) in found))
        return Line(self.table, self.label, number, self.note, examples)


BACKUP_MX = Loss(
    "Domains for which the host is only a backup MX", "domain", "domain", "backupmx <> 0"
)
IS_RELAYING = (
    "transport IN ('relay', 'smtp') OR transport LIKE 'relay:%' OR transport LIKE 'smtp:%'"
)


def other_transports(*usual: str) -> Loss:
    """Return the domains with a transport that neither relays nor is one of the usual ones."""
    names = ", ".join(f"'{name}'" for name in ("", *usual))
    return Loss(
        "Domains with another transport",
        *("domain", "domain", f"transport NOT IN ({names}) AND NOT ({IS_RELAYING})"),
        note="Their mail is delivered to mailboxes here.",
    )


@dataclass(frozen=True)
class Reader:
    """How the tables of one program are read."""

    product: str
    """The name in `inspection.products`."""

    needed: Mapping[str, str]
    """The columns of each table that are read in every version."""

    read: Callable[[Source, Options], Iterator[ImportRow]]
    losses: tuple[Loss, ...]
    unit: int = 1
    """The unit of its quotas in bytes; 0 for PostfixAdmin's megabyte, which is a setting."""

    notes: tuple[str, ...] = ()
    """What the administrator should know of every such database."""

    def options(self, unit: int = 0, default_scheme: str = "") -> Options:
        """Return the options; a unit of 0 is the usual one."""
        return Options(unit or self.unit or quota_multiplier(), default_scheme)

    def find_losses(self, source: Source) -> list[Line]:
        return [line for loss in self.losses if (line := loss.find(source))]


def text(value: Any) -> str:
    """Return a value of a column; NULL is empty."""
    if isinstance(value, bytes | bytearray):
        value = value.decode(errors="replace")
    return "" if value is None else str(value).strip()


def one_line(value: Any) -> str:
    """Return a text of several lines as one."""
    return " ".join(text(value).split())


def number(value: Any) -> int:
    """Return a number; NULL is 0."""
    try:
        return int(value or 0)
    except ValueError as error:
        raise Refused(NO_NUMBER, {"text": text(value)}, code="number") from error


def flag(value: Any) -> bool:
    """Return whether a column is true: it may also be a BIT, which is bytes, or an ENUM."""
    return text(value).strip("\x00").lower() not in FALSE


def quota(value: Any, unit: int = 1) -> int:
    """Return a quota in bytes; everything up to 0 means no limit."""
    return max(number(value), 0) * unit


def mailbox_row(
    place: str,
    address: Any,
    password: Any,
    size: Any,
    options: Options,
    *,
    unit: int = 0,
    name: str | None = None,
    active: bool | None = None,
    maildir: str = "",
) -> MailboxRow | Unreadable:
    """Return a mailbox whose password may lack its {SCHEME}, and whose quota may be anything."""
    try:
        bytes_ = quota(size, unit or options.unit)
    except ValueError:
        return Unreadable(place, text(address), BAD_QUOTA, {"quota": text(size)})
    stored, scheme, clear = text(password), options.default_scheme, ""
    if scheme and stored and not stored.startswith("{"):
        if scheme in CLEAR_TEXT:
            stored, clear = "", stored
        elif not dovecot_scheme(stored):
            stored = f"{{{scheme}}}{stored}"
    return MailboxRow(place, text(address), name, bytes_, active, clear, stored, maildir)


def split_targets(value: Any) -> tuple[str, ...]:
    """Return a list of targets, which commas or line breaks separate."""
    return distinct(name.strip() for name in text(value).replace("\n", ",").split(","))


def distinct(targets: Iterable[str]) -> tuple[str, ...]:
    """Return the targets without empty ones and without those that differ in case only."""
    return tuple({target.lower(): target for target in targets if target}.values())


class DomainUse:
    """What the domains contain: a limit that they exceed already would refuse some of it."""

    def __init__(self, source: Source, mailboxes: str, aliases: str, unit: int = 1) -> None:
        self.mailboxes = {
            text(name).lower(): (number(count), *(quota(size, unit) for size in sizes))
            for name, count, *sizes in source.rows(mailboxes)
        }
        self.aliases = {text(name).lower(): number(count) for name, count in source.rows(aliases)}
        self.relayed: set[str] = set()

    def domain_row(
        self, place: str, name: Any, description: Any, active: Any, *limits: Any
    ) -> DomainRow:
        """Return a domain with those of its `limits` that are kept."""
        return DomainRow(
            place,
            text(name),
            description=one_line(description),
            active=flag(active),
            **self.limits(text(name), *limits),
        )

    def routed(self, row: DomainRow, transport: Any, backup_mx: Any) -> DomainRow:
        """Return a domain with its route, if that is not to mailboxes here."""
        route = Route.read(text(transport), flag(backup_mx))
        if route.kind == Kind.LOCAL:
            return row
        self.relayed.add(row.name.lower())
        transport, backup_mx = route.write(DELIVERED, False)
        return replace(row, max_aliases=None, transport=transport, backup_mx=backup_mx)

    def is_relayed(self, address: str) -> bool:
        return address.rpartition("@")[2].lower() in self.relayed

    def limits(
        self, name: str, mailboxes: int, aliases: int, size: int | None, total: int
    ) -> dict[str, Any]:
        """Return those limits that are kept; those of quotas, each and in total, are in bytes."""
        count, smallest, largest, whole = self.mailboxes.get(name.lower(), (0, 1, 1, 1))
        kept: dict[str, Any] = {}
        if is_within(count, mailboxes):
            kept["max_mailboxes"] = mailboxes
        if is_within(self.aliases.get(name.lower(), 0), aliases):
            kept["max_aliases"] = aliases
        if size == 0 or (size and 0 < smallest <= largest <= size):
            kept["max_quota"] = size
        if total == 0 or 0 < smallest <= whole <= total:
            kept["total_quota"] = total
        return kept


def is_within(count: int, limit: int) -> bool:
    """Say whether a limit allows so many rows; 0 allows any number, -1 none."""
    return limit == 0 or count <= max(limit, 0)


class MailboxStates:
    """Which aliases have the address of a mailbox in another state, which they follow here."""

    def __init__(self, inactive_aliases: Iterable[tuple[Any, ...]]) -> None:
        self.inactive_aliases = {text(address).lower() for (address,) in inactive_aliases}
        self.differing: set[str] = set()

    def note_mailbox(self, row: MailboxRow | Unreadable) -> MailboxRow | Unreadable:
        if isinstance(row, MailboxRow):
            address = row.address.lower()
            if not row.active or address in self.inactive_aliases:
                self.differing.add(address)
        return row

    def of_alias(self, address: str, active: Any) -> bool | None:
        return None if address.lower() in self.differing else flag(active)


def alias_rows(
    place: str,
    address: str,
    targets: tuple[str, ...],
    active: bool | None,
    is_relayed: bool = False,
) -> Iterator[AliasRow | Unreadable]:
    """Yield an alias, unless it only forwards to itself, as that of a new mailbox does anyway.

    In a relayed domain, such an alias stands for an address at the other host.
    """
    if not targets:
        yield Unreadable(place, address, NO_TARGET, {})
    elif is_relayed or [target.lower() for target in targets] != [address.lower()]:
        yield AliasRow(place, address, targets, active)


def alias_domain_rows(place: str, name: str, target: str, active: Any) -> Iterator[ImportRow]:
    """Yield an alias domain and its domain, which some programs don't have apart from it."""
    yield DomainRow(f"{place} (domain)", name, active=flag(active))
    yield AliasDomainRow(place, name, target, flag(active))


def joined_rows(
    table: str,
    rows: Iterable[tuple[str, str, bool]],
    states: MailboxStates | None = None,
    is_relayed: Callable[[str], bool] = lambda address: False,
) -> Iterator[AliasRow | Unreadable]:
    """Yield an alias for each address of rows with one target each, sorted by address.

    Only the active rows count; an alias without any is inactive.
    """
    for address, group in groupby(rows, lambda row: row[0]):
        found = list(group)
        active = [target for _address, target, is_active in found if is_active]
        targets = active or [target for _address, target, _active in found]
        state = states.of_alias(address, bool(active)) if states else None
        place, is_listed = f"{table} {address}", is_relayed(address)
        yield from alias_rows(place, address, distinct(targets), state, is_listed)
