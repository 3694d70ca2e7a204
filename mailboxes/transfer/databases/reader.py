"""What a reader of another program's tables is, and what several of them need."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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
from mailboxes.foreign_flags import is_true
from mailboxes.inspection.lines import Line
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.passwords.schemes import CLEAR_TEXT
from mailboxes.transfer.columns import squeeze
from mailboxes.transfer.databases.source import Source
from mailboxes.transfer.values import NO_LIMIT, parse_quota

NO_COLUMN = object()
"""A limit that a program doesn't have."""

NO_NUMBER = gettext_noop(
    "A limit or a quota in the source is “%(text)s”, which is not a number. Correct it there."
)
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
    "Domains for which the host is only a backup MX", "domain", "domain", "{on backupmx}"
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
        """Return what isn't imported, also because its table can't be read."""
        return [
            *(line for loss in self.losses if (line := loss.find(source))),
            *(Line(table, table, reason) for table, reason in sorted(source.unreadable.items())),
        ]


def text(value: Any) -> str:
    """Return a value of a column; NULL is empty."""
    if isinstance(value, bytes | bytearray):
        value = value.decode(errors="replace")
    return "" if value is None else str(value).strip()


def one_line(value: Any) -> str:
    """Return a text of several lines as one."""
    return " ".join(text(value).split())


def number(value: Any) -> int:
    """Return a number; NULL and words such as “unlimited” are 0."""
    if is_unlimited(value):
        return 0
    try:
        return int(value or 0)
    except (ValueError, TypeError, OverflowError) as error:
        raise Refused(NO_NUMBER, {"text": text(value)}, code="number") from error


def is_unlimited(value: Any) -> bool:
    """Say whether a column of text has a word instead of a limit."""
    return squeeze(text(value)) in NO_LIMIT


def quota(value: Any, unit: int = 1) -> int:
    """Return a quota in bytes; everything up to 0 means no limit, and text may name its unit."""
    try:
        return max(number(value), 0) * unit
    except Refused as error:
        try:
            return parse_quota(text(value), unit)
        except Refused:
            raise error from None


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
    except Refused as error:
        return unreadable(place, address, error)
    stored, scheme, clear = text(password), options.default_scheme, ""
    if scheme and stored and not stored.startswith("{"):
        if scheme in CLEAR_TEXT:
            stored, clear = "", stored
        elif not dovecot_scheme(stored):
            stored = f"{{{scheme}}}{stored}"
    return MailboxRow(place, text(address), name, bytes_, active, clear, stored, maildir)


def unreadable(place: str, name: Any, error: Refused) -> Unreadable:
    return Unreadable(place, text(name), error.message, dict(error.params))


def split_targets(value: Any) -> tuple[str, ...]:
    """Return a list of targets, which commas or line breaks separate."""
    return distinct(name.strip() for name in text(value).replace("\n", ",").split(","))


def distinct(targets: Iterable[str]) -> tuple[str, ...]:
    """Return the targets without empty ones and without those that differ in case only."""
    return tuple({target.lower(): target for target in targets if target}.values())


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
        return None if address.lower() in self.differing else is_true(active)


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
    yield DomainRow(f"{place} (domain)", name, active=is_true(active))
    yield AliasDomainRow(place, name, target, is_true(active))


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
