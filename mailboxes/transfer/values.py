"""Reading cells: sizes with or without a unit, yes and no, numbers, targets, types."""

import re
from decimal import Decimal

from mailboxes.errors import Refused, gettext_noop
from mailboxes.sizes import MAX_SIZE, BadSize, parse_size
from mailboxes.sizes import parse_quota as parse_with_unit
from mailboxes.transfer.columns import squeeze

ACTIVE = {
    True: "1 true yes y ja j wahr on an x ✓ ✔ active aktiv enabled aktiviert",
    False: "0 false no n nein falsch off aus inactive inaktiv disabled deaktiviert",
}
ACTIVE_NAMES = {name: state for state, names in ACTIVE.items() for name in names.split()}
NO_LIMIT = ("unlimited", "unbegrenzt", "unbeschränkt", "nolimit", "keinlimit", "none")
TYPES = {
    "domain": "domain domains domäne domaene",
    "mailbox": "mailbox mailboxes postfach postfächer user account konto benutzer",
    "alias": "alias aliases forward forwarding weiterleitung verteiler catchall",
    "aliasdomain": "aliasdomain aliasdomains aliasdomäne",
}
TYPE_NAMES = {name: kind for kind, names in TYPES.items() for name in names.split()}

NUMBER = re.compile(r"\d{1,18}(?:[.,]\d{1,6})?")
NOT_ACTIVE = gettext_noop("“%(value)s” is neither yes nor no. Use 1 or 0, or yes or no.")
NOT_A_NUMBER = gettext_noop("“%(value)s” is not a whole number such as 25.")
NOT_A_QUOTA = gettext_noop(
    "“%(value)s” is not a valid size. Enter a number with a unit, such as 500M or 1.5 GB, or 0 for "
    "no limit."
)
TINY = gettext_noop(
    "The quota “%(value)s” has no unit. Choose the unit of plain numbers, name it in the header, "
    "such as “quota (MB)”, or add it to the number."
)
UNKNOWN_TYPE = gettext_noop(
    "“%(value)s” is not a type. Use domain, mailbox, alias or alias domain."
)
TOO_SMALL = 100_000
"""A plain number below it is certainly not in bytes."""


def parse_quota(text: str, unit: int | None, megabyte: int = 0) -> int:
    """Return the bytes; a plain number is in the unit, or in bytes if it can't be anything else.

    -1 is kept, which PostfixAdmin writes for no limit. `megabyte` is what `M` means in the form, in
    bytes, if quotas are whole ones.
    """
    compact = re.sub(r"[\s\u00a0\u202f']", "", text)
    if compact == "-1" or squeeze(compact) in NO_LIMIT:
        return -1 if compact == "-1" else 0
    if not NUMBER.fullmatch(compact):
        try:
            return parse_with_unit(compact, megabyte)
        except BadSize as error:
            if error.code == "too_large":
                raise
            raise Refused(NOT_A_QUOTA, {"value": text}) from error
    number = Decimal(compact.replace(",", "."))
    if unit is None and number and (number < TOO_SMALL or number % 1):
        raise Refused(TINY, {"value": text})
    size = int(number * (unit or 1))
    if size > MAX_SIZE:
        return parse_size(f"{size}")  # which refuses it
    return size


def parse_active(text: str) -> bool:
    state = ACTIVE_NAMES.get(squeeze(text) or text.strip())
    if state is None:
        raise Refused(NOT_ACTIVE, {"value": text})
    return state


def parse_count(text: str) -> int:
    if not re.fullmatch(r"-1|[0-9]{1,9}", text):
        raise Refused(NOT_A_NUMBER, {"value": text})
    return int(text)


def parse_type(text: str) -> str:
    if squeeze(text) not in TYPE_NAMES:
        raise Refused(UNKNOWN_TYPE, {"value": text})
    return TYPE_NAMES[squeeze(text)]


def split_targets(text: str) -> tuple[str, ...]:
    """Return the targets of a cell, separated by commas, semicolons or white space.

    A command, a file or a quoted target may contain spaces.
    """
    targets: dict[str, None] = {}
    for part in re.split(r"[,;\n\r]", text):
        part = part.strip()
        names = [part] if part[:1] in ("|", '"', "/", ":") else part.split()
        targets |= dict.fromkeys(filter(None, names))
    return tuple(targets)
