"""What a reader of another program's tables is, and what several of them need."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from mailboxes.actions.imports.rows import AliasRow, ImportRow, MailboxRow, Unreadable
from mailboxes.conf import quota_multiplier
from mailboxes.errors import gettext_noop
from mailboxes.inspection.lines import Line
from mailboxes.passwords.dovecot_schemes import dovecot_scheme
from mailboxes.passwords.schemes import CLEAR_TEXT
from mailboxes.transfer.databases.source import Source

BAD_QUOTA = gettext_noop("The quota “%(quota)s” is not a number. Correct it in the source.")
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


BACKUP_MX = Loss("Domains for which it is only a backup MX", "domain", "domain", "backupmx <> 0")


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
    return int(value or 0)


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


def join_targets(
    table: str, rows: Iterable[tuple[str, str, bool]], has_state: bool = True
) -> Iterator[AliasRow]:
    """Yield an alias for each address of rows with one target each, sorted by address.

    Only the active rows count; an alias without any is inactive.
    """
    for address, group in groupby(rows, lambda row: row[0]):
        found = list(group)
        active = [target for _address, target, is_active in found if is_active]
        targets = active or [target for _address, target, _active in found]
        if not is_own_alias(address, distinct(targets)):
            state = bool(active) if has_state else None
            yield AliasRow(table, address, distinct(targets), state)


def is_own_alias(address: str, targets: tuple[str, ...]) -> bool:
    """Say whether it only forwards to itself: a mailbox gets such an alias anyway."""
    return tuple(target.lower() for target in targets) == (address.lower(),)
