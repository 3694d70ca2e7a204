"""The rows of an import, as a file or another program's database gives them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class DomainRow:
    """A domain; None means that the source doesn't say: a default or the old value is kept."""

    place: str
    """Where the row stands in its source, such as `line 7` or `virtual_users 12`."""

    name: str
    description: str | None = None
    max_mailboxes: int | None = None
    max_aliases: int | None = None
    max_quota: int | None = None
    """The largest quota of a mailbox, in bytes; 0 for no limit."""

    active: bool | None = None
    total_quota: int | None = None
    """Of all mailboxes together, in bytes; 0 for no limit."""

    transport: str | None = None
    backup_mx: bool | None = None
    password_expiry: int | None = None
    """The number of days until a password expires; 0 for never."""


@dataclass(slots=True)  # a frozen one takes five times as long to make
class MailboxRow:
    place: str
    address: str
    name: str | None = None
    quota: int | None = None
    """In bytes; 0 for no limit."""

    active: bool | None = None
    password: str = field(default="", repr=False)
    """Clear text, which is judged and hashed."""

    stored: str = field(default="", repr=False)
    """A ready hash, which is taken as it is."""

    maildir: str = ""
    """The folder, if the source names one that the host shall use; empty for the host's form."""


@dataclass(frozen=True)
class AliasRow:
    place: str
    address: str
    targets: tuple[str, ...]
    active: bool | None = None


@dataclass(frozen=True)
class AliasDomainRow:
    place: str
    name: str
    target: str
    active: bool | None = None


@dataclass(frozen=True)
class Unreadable:
    """A row that couldn't be understood: too few columns, a quota without sense."""

    place: str
    name: str
    message: str
    params: dict[str, str]


ImportRow = DomainRow | MailboxRow | AliasRow | AliasDomainRow | Unreadable
