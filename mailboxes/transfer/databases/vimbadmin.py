"""ViMbAdmin 3."""

from collections.abc import Iterator

from mailboxes.actions.imports.rows import ImportRow
from mailboxes.foreign_flags import is_true
from mailboxes.transfer.databases.domain_use import DomainUse
from mailboxes.transfer.databases.reader import (
    Loss,
    MailboxStates,
    Options,
    Reader,
    alias_rows,
    mailbox_row,
    one_line,
    other_transports,
    split_targets,
    text,
)
from mailboxes.transfer.databases.source import Source

DOMAINS = (
    "SELECT id, domain, description, max_mailboxes, max_aliases, max_quota, quota, active, "
    "transport, backupmx FROM {}domain ORDER BY id"
)
USE_BY_MAILBOXES = (
    "SELECT domain.domain, mailbox.quota, COUNT(*) "
    "FROM {}mailbox AS mailbox JOIN {}domain AS domain ON domain.id = mailbox.Domain_id "
    "WHERE {off mailbox.delete_pending} GROUP BY domain.domain, mailbox.quota"
)
USE_BY_ALIASES = (
    "SELECT domain.domain, COUNT(*) FROM {}alias AS alias "
    "JOIN {}domain AS domain ON domain.id = alias.Domain_id "
    "WHERE HEX(LOWER(alias.address)) <> HEX(LOWER(alias.goto)) GROUP BY domain.domain"
)
MAILBOXES = (
    "SELECT id, username, password, name, quota, active FROM {}mailbox "
    "WHERE {off delete_pending} ORDER BY id"
)
INACTIVE = "SELECT address FROM {}alias WHERE {off active}"
ALIASES = "SELECT id, address, goto, active FROM {}alias ORDER BY id"


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    use = DomainUse(source, USE_BY_MAILBOXES, USE_BY_ALIASES, options.unit)
    for key, name, description, mailboxes, aliases, size, total, active, *route in source.rows(
        DOMAINS
    ):
        limits = mailboxes, aliases, size, total
        yield use.domain_row(f"domain {key}", name, description, active, limits, *route)
    states = MailboxStates(source.rows(INACTIVE))
    for key, address, stored, name, size, active in source.rows(MAILBOXES):
        row = mailbox_row(
            f"mailbox {key}",
            address,
            stored,
            size,
            options,
            name=one_line(name),
            active=is_true(active),
        )
        yield states.note_mailbox(row)
    for key, address, goto, active in source.rows(ALIASES):
        targets, state = split_targets(goto), states.of_alias(text(address), active)
        is_relayed = use.is_relayed(text(address))
        yield from alias_rows(f"alias {key}", text(address), targets, state, is_relayed)


READER = Reader(
    product="ViMbAdmin",
    needed={
        "domain": "id domain description max_mailboxes max_aliases max_quota quota active "
        "transport backupmx",
        "mailbox": "id username password name quota Domain_id active delete_pending",
        "alias": "id address goto Domain_id active",
    },
    read=read,
    losses=(
        other_transports("virtual"),
        Loss("Mailboxes about to be deleted", "mailbox", "username", "{on delete_pending}"),
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
