"""The howto for Postfix with MySQL: domains, users, forwardings, transport."""

from collections.abc import Iterator

from mailboxes.actions.imports.rows import DomainRow, ImportRow
from mailboxes.inspection.products import HOWTO
from mailboxes.transfer.databases.reader import (
    Loss,
    Options,
    Reader,
    alias_rows,
    mailbox_row,
    split_targets,
    text,
)
from mailboxes.transfer.databases.source import Source

USERS = "SELECT email, password, 0 FROM {}users ORDER BY email"
USERS_WITH_QUOTA = "SELECT email, password, quota FROM {}users ORDER BY email"


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    for (name,) in source.rows("SELECT domain FROM {}domains ORDER BY domain"):
        yield DomainRow(f"domains {text(name)}", text(name))
    users = USERS_WITH_QUOTA if source.has("users", "quota") else USERS
    for email, stored, size in source.rows(users):
        yield mailbox_row(f"users {text(email)}", email, stored, size, options)
    rows = source.rows("SELECT source, destination FROM {}forwardings ORDER BY source")
    for address, destination in rows:
        name, targets = text(address), split_targets(destination)
        yield from alias_rows(f"forwardings {name}", name, targets, None)


READER = Reader(
    product=HOWTO,
    needed={
        "domains": "domain",
        "users": "email password",
        "forwardings": "source destination",
    },
    read=read,
    losses=(Loss("Transports", "transport", "domain"),),
)
