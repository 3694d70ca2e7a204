"""ISPmail: virtual_domains, virtual_users, virtual_aliases."""

from collections.abc import Iterator

from mailboxes.actions.imports.rows import DomainRow, ImportRow
from mailboxes.transfer.databases.reader import (
    Options,
    Reader,
    joined_rows,
    mailbox_row,
    text,
)
from mailboxes.transfer.databases.source import Source

USERS = "SELECT id, email, password, 0 FROM {}virtual_users ORDER BY id"
USERS_WITH_QUOTA = "SELECT id, email, password, quota FROM {}virtual_users ORDER BY id"
# A collation may treat different addresses as equal; HEX() keeps each address together.
ALIASES = "SELECT source, destination FROM {}virtual_aliases ORDER BY HEX(LOWER(TRIM(source))), id"


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    for key, name in source.rows("SELECT id, name FROM {}virtual_domains ORDER BY id"):
        yield DomainRow(f"virtual_domains {key}", text(name))
    users = USERS_WITH_QUOTA if source.has("virtual_users", "quota") else USERS
    for key, email, stored, size in source.rows(users):
        yield mailbox_row(f"virtual_users {key}", email, stored, size, options)
    # Postfix asks this table before it asks for a mailbox of the same address.
    aliases = (
        (text(address).lower(), text(target), True) for address, target in source.rows(ALIASES)
    )
    yield from joined_rows("virtual_aliases", aliases)


READER = Reader(
    product="ISPmail",
    needed={
        "virtual_domains": "id name",
        "virtual_users": "id email password",
        "virtual_aliases": "id source destination",
    },
    read=read,
    losses=(),
)
