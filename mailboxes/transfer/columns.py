"""What the columns of a CSV file contain, and by which names they are recognized."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailboxes.errors import Refused, gettext_noop
from mailboxes.sizes import UNITS


class Column(StrEnum):
    """A column that is imported; the export uses these names."""

    TYPE = "type"
    ADDRESS = "address"
    LOCAL_PART = "local_part"
    DOMAIN = "domain"
    NAME = "name"
    PASSWORD = "password"  # noqa: S105 # nosec B105
    HASH = "hash"
    QUOTA = "quota"
    ACTIVE = "active"
    TARGETS = "targets"
    FOLDER = "folder"
    DESCRIPTION = "description"
    MAX_MAILBOXES = "max_mailboxes"
    MAX_ALIASES = "max_aliases"
    MAX_QUOTA = "max_quota"
    TOTAL_QUOTA = "total_quota"
    TRANSPORT = "transport"
    BACKUP_MX = "backup_mx"
    PASSWORD_EXPIRY = "password_expiry"  # noqa: S105 # nosec B105
    ALIAS_DOMAIN = "alias_domain"
    TARGET_DOMAIN = "target_domain"


SECRET = (Column.PASSWORD, Column.HASH)
SIZED = (Column.QUOTA, Column.MAX_QUOTA, Column.TOTAL_QUOTA)

# Without case, spaces and punctuation. If a file has several names of one column, the first of
# them here is used: PostfixAdmin's table has `username`, `local_part` and `domain`.
NAMES: dict[Column, str] = {
    Column.TYPE: "type typ kind art",
    Column.ADDRESS: (
        "address adresse email emailaddress emailadresse mail mailaddress mailadresse primaryemail "
        "alias aliasaddress aliasadresse mailbox postfach username user account konto benutzername "
        "benutzer source quelle"
    ),
    Column.LOCAL_PART: "localpart local lokalteil lokalerteil",
    Column.DOMAIN: "domain domainname domäne domaene",
    Column.NAME: ("name fullname displayname realname vollername anzeigename ownername inhaber"),
    Column.PASSWORD: (
        "password passwort kennwort pass passwd cleartextpassword clearpassword klartext "
        "klartextpasswort klartextkennwort newpassword"
    ),
    Column.HASH: (
        "hash passwordhash hashedpassword passworthash kennworthash pwhash stored crypt "
        "encryptedpassword passwordencrypted hashwert"
    ),
    Column.QUOTA: (
        "quota mailboxquota kontingent speicherplatz speicher mailquota size größe groesse"
    ),
    Column.ACTIVE: "active aktiv enabled aktiviert isactive status",
    Column.TARGETS: (
        "targets target goto forwardsto forwardto forward forwarding destination destinations "
        "recipients redirect ziel ziele weiterleitung weiterleitungan weitergeleitetan empfänger"
    ),
    Column.FOLDER: "folder maildir ordner mailfolder",
    Column.DESCRIPTION: "description beschreibung comment kommentar",
    Column.MAX_MAILBOXES: "maxmailboxes maximummailboxes maxpostfächer mailboxes postfächer",
    Column.MAX_ALIASES: "maxaliases maximumaliases maxaliasse aliases aliasse",
    Column.MAX_QUOTA: "maxquota quotapermailbox maxmailboxquota kontingentjepostfach",
    Column.TOTAL_QUOTA: "totalquota domainquota gesamtkontingent",
    Column.TRANSPORT: "transport",
    Column.BACKUP_MX: "backupmx",
    Column.PASSWORD_EXPIRY: "passwordexpiry passwordexpirydays passwortablauf",
    Column.ALIAS_DOMAIN: "aliasdomain aliasdomäne",
    Column.TARGET_DOMAIN: "targetdomain zieldomain zieldomäne",
}
KNOWN = {
    name: (column, rank)
    for column, names in NAMES.items()
    for rank, name in enumerate(names.split())
}
UNIT = re.compile(r"(.+?)[\s_]*[(\[]?\b(bytes?|[kmgt]i?b?)[)\]]?", re.IGNORECASE)

POSTFIXADMIN_MEGABYTE = "PostfixAdmin MB"
QUOTA_UNITS = ("B", "KB", "MB", "GB", POSTFIXADMIN_MEGABYTE)
"""The units that plain numbers can be in; PostfixAdmin's megabyte is QUOTA_MULTIPLIER bytes."""

DUPLICATE = gettext_noop(
    "The header has the column “%(name)s” twice. Rename one of them, or choose the columns by hand."
)
TWICE = gettext_noop("Two columns are assigned to “%(name)s”. Choose one of them.")
NOT_RECOGNIZED = gettext_noop(
    "The file has no column with addresses or domains that can be recognized. The first line "
    "should have names such as “address”, “name” and “quota”, or the columns must be chosen by "
    "hand."
)
UNKNOWN_COLUMN = gettext_noop("“%(name)s” is not the name of a column. Use: %(names)s")


@dataclass(frozen=True)
class Recognized:
    """What a name in the header stands for."""

    column: Column
    rank: int
    unit: str = ""
    """The unit of a quota, if the name has one."""


def squeeze(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def recognize(name: str) -> Recognized | None:
    """Return what a name in the header stands for, or None."""
    if squeeze(name) in KNOWN:
        column, rank = KNOWN[squeeze(name)]
        return Recognized(column, rank)
    found = UNIT.fullmatch(name.strip().replace("_", " "))
    if found and squeeze(found[1]) in KNOWN:
        column, rank = KNOWN[squeeze(found[1])]
        if column in SIZED:
            return Recognized(column, rank, unit_name(found[2]))
    return None


def unit_name(text: str) -> str:
    """Return one of QUOTA_UNITS for `mb`, `MiB`, `bytes`, ...; terabytes are `TB`."""
    letter = text[0].upper()
    return "B" if letter == "B" else f"{letter}B"


def unit_bytes(unit: str, multiplier: int) -> int:
    return multiplier if unit == POSTFIXADMIN_MEGABYTE else UNITS[unit.removesuffix("B")]


def assign(header: Sequence[str]) -> tuple[Column | None, ...]:
    """Return the column for each name in the header; raise Refused if one name occurs twice."""
    recognized = [recognize(name) for name in header]
    best: dict[Column, int] = {}
    for found in filter(None, recognized):
        best[found.column] = min(best.get(found.column, found.rank), found.rank)
    columns = tuple(
        found.column if found and found.rank == best[found.column] else None for found in recognized
    )
    check_unique(columns, DUPLICATE)
    return columns


def check_unique(columns: Sequence[Column | None], message: str = TWICE) -> None:
    for column in Column:
        if columns.count(column) > 1:
            raise Refused(message, {"name": column.value}, code="duplicate", field="columns")


def check_columns(columns: Sequence[Column | None]) -> None:
    """Refuse columns from which no row could be made."""
    check_unique(columns)
    keys = (Column.ADDRESS, Column.LOCAL_PART, Column.DOMAIN, Column.ALIAS_DOMAIN)
    if not any(key in columns for key in keys):
        raise Refused(NOT_RECOGNIZED, code="columns", field="columns")


def parse_columns(names: Sequence[str]) -> tuple[Column | None, ...]:
    """Return the columns of these names; an empty name or a hyphen leaves a column out."""
    found: list[Column | None] = []
    for name in names:
        column = None if name.strip() in ("", "-") else recognize(name)
        if name.strip() not in ("", "-") and column is None:
            params = {"name": name, "names": ", ".join(Column)}
            raise Refused(UNKNOWN_COLUMN, params, code="columns", field="columns")
        found.append(column.column if column else None)
    return tuple(found)
