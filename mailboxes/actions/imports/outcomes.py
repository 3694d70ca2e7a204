"""What an import may do, and what becomes of each of its rows."""

from dataclasses import dataclass, field
from enum import StrEnum

from mailboxes.actions.base import Row
from mailboxes.actions.imports.rows import ImportRow
from mailboxes.audit.log import Changes
from mailboxes.errors import Refused


@dataclass(frozen=True)
class ImportOptions:
    creates_domains: bool = False
    """Whether a domain that doesn't exist is added with its first mailbox or alias."""

    updates: bool = False
    """Whether existing rows are changed; otherwise they are left as they are."""

    is_whole: bool = False
    """Whether nothing is imported if a single row is refused."""


class Verb(StrEnum):
    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    REFUSE = "refuse"


@dataclass
class Outcome:
    """What becomes of one row."""

    row: ImportRow
    """The row; a clear password is replaced by its hash, if it was hashed."""

    verb: Verb
    model: Row | None = None
    """What is saved of it."""

    changes: Changes = field(default_factory=dict)
    """Old and new value by column; both are missing for a password."""

    refusal: Refused | None = None
    note: Refused | None = None
    """What should be known of a row that isn't refused, such as a missing password."""


@dataclass
class ImportResult:
    outcomes: list[Outcome]
    entry: int = 0
    """The entry in the log that stands for all batches; 0 if nothing was written."""
