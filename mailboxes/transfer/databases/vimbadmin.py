"""ViMbAdmin 3."""

from collections.abc import Iterator

from mailboxes.actions.imports.rows import AliasRow, DomainRow, ImportRow
from mailboxes.transfer.databases.reader import (
    BACKUP_MX,
    Loss,
    Options,
    Reader,
    is_own_alias,
    mailbox_row,
    number,
    one_line,
    quota,
    split_targets,
    text,
)
from mailboxes.transfer.databases.source import Source

DOMAINS = (
    "SELECT id, domain, description, max_mailboxes, max_aliases, max_quota, active "
    "FROM {}domain WHERE backupmx = 0 ORDER BY id"
)
MAILBOXES = (
    "SELECT id, username, password, name, quota, active FROM {}mailbox "
    "WHERE COALESCE(delete_pending, 0) = 0 ORDER BY id"
)
ALIASES = "SELECT id, address, goto, active FROM {}alias ORDER BY id"


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    for key, name, description, mailboxes, aliases, size, active in source.rows(DOMAINS):
        yield DomainRow(
            f"domain {key}",
            text(name),
            description=one_line(description),
            max_mailboxes=number(mailboxes),
            max_aliases=number(aliases),
            max_quota=quota(size, options.unit),
            active=bool(active),
        )
    for key, address, stored, name, size, active in source.rows(MAILBOXES):
        yield mailbox_row(
            f"mailbox {key}",
            address,
            stored,
            size,
            options,
            name=one_line(name),
            active=bool(active),
        )
    for key, address, goto, active in source.rows(ALIASES):
        targets = split_targets(goto)
        if not is_own_alias(text(address), targets):
            yield AliasRow(f"alias {key}", text(address), targets, bool(active))


READER = Reader(
    product="ViMbAdmin",
    needed={
        "domain": "id domain description max_mailboxes max_aliases max_quota active backupmx",
        "mailbox": "id username password name quota active delete_pending",
        "alias": "id address goto active",
    },
    read=read,
    losses=(
        BACKUP_MX,
        Loss("Domains with a total quota", "domain", "domain", "quota > 0", "quota"),
        Loss(
            "Domains with another transport",
            *("domain", "domain", "transport <> 'virtual'", "transport"),
        ),
        Loss("Mailboxes about to be deleted", "mailbox", "username", "delete_pending = 1"),
        Loss(
            "Mailboxes that may only use some services",
            *("mailbox", "username", "access_restriction <> 'ALL'", "access_restriction"),
            note="They can use all of them here.",
        ),
        Loss("Other email addresses of owners", "mailbox", "alt_email", "alt_email <> ''"),
        Loss("Archived mailboxes", "archive", "username"),
        Loss("Administrators", "admin", "username"),
    ),
)
