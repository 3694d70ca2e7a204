"""The rows of an import as JSON, between the dry run and the import; never a clear password."""

from dataclasses import asdict
from typing import Any

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
    Unreadable,
)

KINDS: dict[str, type[ImportRow]] = {
    "domain": DomainRow,
    "mailbox": MailboxRow,
    "alias": AliasRow,
    "aliasdomain": AliasDomainRow,
    "unreadable": Unreadable,
}
NAMES = {kind: name for name, kind in KINDS.items()}


def row_as_json(row: ImportRow) -> dict[str, Any]:
    """Return what JSON can store; a clear password must have been hashed before."""
    if isinstance(row, MailboxRow) and row.password:
        raise ValueError("A clear password must not be stored.")
    return {"kind": NAMES[type(row)], **asdict(row)}


def row_from_json(stored: dict[str, Any]) -> ImportRow:
    values = {name: value for name, value in stored.items() if name != "kind"}
    if "targets" in values:
        values["targets"] = tuple(values["targets"])
    return KINDS[stored["kind"]](**values)
