"""The row of an import that a record's cells are about."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
    Unreadable,
)
from mailboxes.errors import Refused, gettext_noop
from mailboxes.transfer.columns import Column
from mailboxes.transfer.formulas import restore
from mailboxes.transfer.values import (
    parse_active,
    parse_count,
    parse_quota,
    parse_type,
    split_targets,
)

T = TypeVar("T")
Values = Mapping[Column, str]

NO_ADDRESS = gettext_noop("The line has no address or domain.")
TWO_KINDS = gettext_noop(
    "The line has a password and a forwarding target. Use a line for the mailbox and another "
    "one for the alias, and a column “type” that tells them apart."
)
LOOKS_HASHED = gettext_noop(
    "The password looks like a ready hash. If it is one, put it into a column “hash”."
)
NO_TARGET = gettext_noop("The line has no forwarding target.")


READY_HASH = re.compile(
    r"\{[A-Za-z0-9-]+(\.[A-Za-z0-9]+)?\}.+|\$[0-9a-z-]{1,20}\$.+|([0-9a-f]{32}){1,2}"
)
"""How stored passwords look; those of traditional crypt() could be a password, too."""


class Units(NamedTuple):
    """In what plain numbers are: as chosen for the file, or as the header has it; in bytes."""

    chosen: int | None
    quota: int | None
    max_quota: int | None
    total_quota: int | None
    megabyte: int = 0
    """What `M` means in a quota, in bytes; 0 if quotas can be any size."""


def read_record(place: str, values: Values, units: Units) -> ImportRow:
    """Return the row; what can't be understood is returned as well, with the reason."""
    try:
        return READERS[kind_of(values)](place, values, units)
    except Refused as error:
        params = {name: str(value) for name, value in error.params.items()}
        return Unreadable(place, name_of(values), error.message, params)


def kind_of(values: Values) -> str:
    """Return the type in the record, or the one that its cells suggest."""
    if kind := text(values, Column.TYPE):
        return parse_type(kind)
    if text(values, Column.ALIAS_DOMAIN) or Column.TARGET_DOMAIN in values:
        return "aliasdomain"
    has_password = text(values, Column.PASSWORD) or text(values, Column.HASH)
    if Column.TARGETS in values and not has_password:
        is_mailbox = {Column.PASSWORD, Column.HASH, Column.QUOTA} & set(values)
        return "alias" if text(values, Column.TARGETS) or not is_mailbox else "mailbox"
    if text(values, Column.TARGETS):
        raise Refused(TWO_KINDS)
    has_address = Column.ADDRESS in values or Column.LOCAL_PART in values
    return "mailbox" if has_address else "domain"


def text(values: Values, column: Column) -> str:
    return restore(values.get(column, "").strip(" \t\r\n\u00a0"))


def name_of(values: Values) -> str:
    """Return the address, also from its two parts, or the domain."""
    domain = text(values, Column.DOMAIN)
    address = text(values, Column.ADDRESS) or text(values, Column.LOCAL_PART)
    if not address:
        return text(values, Column.ALIAS_DOMAIN) or domain
    is_local_part = domain and "@" not in address and domain != address
    return f"{address}@{domain}" if is_local_part else address


def required_name(values: Values) -> str:
    if not (name := name_of(values)):
        raise Refused(NO_ADDRESS)
    return name


def parsed(values: Values, column: Column, parse: Callable[[str], T]) -> T | None:
    """Return the parsed cell, or None if it is empty or missing."""
    cell = text(values, column)
    return parse(cell) if cell else None


def kept(values: Values, column: Column) -> str | None:
    """Return a text with its spaces; None without the column."""
    return restore(values[column]) if column in values else None


def read_domain(place: str, values: Values, units: Units) -> DomainRow:
    unit = units.max_quota or units.chosen
    total_unit = units.total_quota or units.chosen
    return DomainRow(
        place,
        required_name(values),
        kept(values, Column.DESCRIPTION),
        parsed(values, Column.MAX_MAILBOXES, parse_count),
        parsed(values, Column.MAX_ALIASES, parse_count),
        parsed(values, Column.MAX_QUOTA, lambda cell: parse_quota(cell, unit)),
        parsed(values, Column.ACTIVE, parse_active),
        parsed(values, Column.TOTAL_QUOTA, lambda cell: parse_quota(cell, total_unit)),
        text(values, Column.TRANSPORT) or None,
        parsed(values, Column.BACKUP_MX, parse_active),
        parsed(values, Column.PASSWORD_EXPIRY, parse_count),
    )


def read_mailbox(place: str, values: Values, units: Units) -> MailboxRow:
    unit = units.quota or units.chosen
    password = values.get(Column.PASSWORD, "")
    if READY_HASH.fullmatch(password):
        raise Refused(LOOKS_HASHED)
    return MailboxRow(
        place,
        required_name(values),
        kept(values, Column.NAME),
        parsed(values, Column.QUOTA, lambda cell: parse_quota(cell, unit, units.megabyte)),
        parsed(values, Column.ACTIVE, parse_active),
        password,
        values.get(Column.HASH, "").strip(),
        text(values, Column.FOLDER),
    )


def read_alias(place: str, values: Values, units: Units) -> AliasRow:
    targets = split_targets(text(values, Column.TARGETS))
    if not targets:
        raise Refused(NO_TARGET)
    active = parsed(values, Column.ACTIVE, parse_active)
    return AliasRow(place, required_name(values), targets, active)


def read_alias_domain(place: str, values: Values, units: Units) -> AliasDomainRow:
    target = text(values, Column.TARGET_DOMAIN) or text(values, Column.TARGETS)
    if not target:
        raise Refused(NO_TARGET)
    active = parsed(values, Column.ACTIVE, parse_active)
    return AliasDomainRow(place, required_name(values), target, active)


READERS: dict[str, Callable[[str, Values, Units], ImportRow]] = {
    "domain": read_domain,
    "mailbox": read_mailbox,
    "alias": read_alias,
    "aliasdomain": read_alias_domain,
}
