"""iRedMail with MySQL or MariaDB, from 0.9.8 on, which has the table forwardings."""

from collections.abc import Iterator
from typing import Any

from mailboxes.actions.imports.rows import ImportRow
from mailboxes.foreign_flags import is_true
from mailboxes.transfer.databases.domain_use import DomainUse
from mailboxes.transfer.databases.reader import (
    MEGABYTE,
    NO_COLUMN,
    Loss,
    MailboxStates,
    Options,
    Reader,
    alias_domain_rows,
    joined_rows,
    mailbox_row,
    one_line,
    other_transports,
    text,
)
from mailboxes.transfer.databases.source import Source

# maxquota is the total of a domain there.
DOMAINS = (
    "SELECT domain, description, mailboxes, aliases, maxquota, active, transport, backupmx "
    "FROM {}domain ORDER BY domain"
)
USE_BY_MAILBOXES = "SELECT domain, quota, COUNT(*) FROM {}mailbox GROUP BY domain, quota"
USE_BY_ALIASES = (
    "SELECT domain, COUNT(DISTINCT address) FROM {}forwardings "
    "WHERE {off is_maillist} AND HEX(LOWER(address)) <> HEX(LOWER(forwarding)) GROUP BY domain"
)
MAILBOXES = "SELECT username, password, name, quota, active FROM {}mailbox ORDER BY username"
INACTIVE = "SELECT DISTINCT address FROM {}forwardings WHERE {off active}"
# The members of mlmmj's mailing lists are in files.
FORWARDINGS = (
    "SELECT address, forwarding, active FROM {}forwardings WHERE {off is_maillist} "
    "ORDER BY HEX(LOWER(TRIM(address))), id"
)
# Not joined: the collations of both tables may be different.
INACTIVE_LISTS = "SELECT address FROM {}alias WHERE {off active}"
ALIAS_DOMAINS = (
    "SELECT alias_domain, target_domain, active FROM {}alias_domain ORDER BY alias_domain"
)
ALL_SERVICES = "They can use all services here."


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    use = DomainUse(source, USE_BY_MAILBOXES, USE_BY_ALIASES, options.unit)
    for name, description, mailboxes, aliases, total, active, *route in source.rows(DOMAINS):
        limits = mailboxes, aliases, NO_COLUMN, total
        yield use.domain_row(f"domain {text(name)}", name, description, active, limits, *route)
    states = MailboxStates(source.rows(INACTIVE))
    for address, stored, name, size, active in source.rows(MAILBOXES):
        row = mailbox_row(
            f"mailbox {text(address)}",
            address,
            stored,
            size,
            options,
            name=one_line(name),
            active=is_true(active),
        )
        yield states.note_mailbox(row)
    inactive = {alias_address(address) for (address,) in source.rows(INACTIVE_LISTS)}
    forwardings = (
        (name := alias_address(address), text(target), is_true(active) and name not in inactive)
        for address, target, active in source.rows(FORWARDINGS)
    )
    yield from joined_rows("forwardings", forwardings, states, use.is_relayed)
    for name, target, active in source.rows(ALIAS_DOMAINS):
        place = f"alias_domain {text(name)}"
        yield from alias_domain_rows(place, text(name), text(target), active)


def alias_address(value: Any) -> str:
    """Return the address; a domain alone is its catch-all."""
    address = text(value).lower()
    return address if "@" in address else f"@{address}"


READER = Reader(
    product="iRedMail",
    needed={
        "domain": "domain description mailboxes aliases maxquota active transport backupmx",
        "mailbox": "username password name quota domain active",
        "alias": "address active",
        "forwardings": "id address forwarding domain active is_maillist",
        "alias_domain": "alias_domain target_domain active",
    },
    read=read,
    unit=MEGABYTE,
    losses=(
        other_transports("dovecot"),
        Loss(
            "Mailboxes with another transport",
            *("mailbox", "username", "transport <> ''", "transport"),
        ),
        Loss(
            "Mailboxes that expire or have expired",
            *("mailbox", "username", "expired < '9999-01-01'", "expired"),
            note="They don't expire here.",
        ),
        Loss(
            "Mailboxes that may not send (enablesmtp)",
            *("mailbox", "username", "{off enablesmtp}", "enablesmtp"),
            note=ALL_SERVICES,
        ),
        Loss(
            "Mailboxes without IMAP (enableimap)",
            *("mailbox", "username", "{off enableimap}", "enableimap"),
            note=ALL_SERVICES,
        ),
        Loss(
            "Mailboxes without POP3 (enablepop3)",
            *("mailbox", "username", "{off enablepop3}", "enablepop3"),
            note=ALL_SERVICES,
        ),
        Loss(
            "Mailboxes that receive nothing (enabledeliver)",
            *("mailbox", "username", "{off enabledeliver}", "enabledeliver"),
            note="They receive mail here.",
        ),
        Loss(
            "Mailboxes restricted to some networks (allow_nets)",
            *("mailbox", "username", "allow_nets <> ''", "allow_nets"),
            note="Their owners can sign in from anywhere here.",
        ),
        Loss(
            "Other email addresses of owners",
            *("mailbox", "recovery_email", "recovery_email <> ''"),
        ),
        Loss("Mailing lists", "maillists", "address"),
        Loss(
            "Aliases that only some senders may write to",
            *("alias", "address", "accesspolicy NOT IN ('', 'public')", "accesspolicy"),
            note="Anybody can write to them here.",
        ),
        Loss("Copies of received mail for domains", "recipient_bcc_domain", "domain"),
        Loss("Copies of received mail for mailboxes", "recipient_bcc_user", "username"),
        Loss("Copies of sent mail for domains", "sender_bcc_domain", "domain"),
        Loss("Copies of sent mail for mailboxes", "sender_bcc_user", "username"),
        Loss("Relay hosts of senders", "sender_relayhost", "account"),
        Loss("Administrators", "admin", "username"),
        Loss(
            "Mailboxes whose owners are administrators",
            *(
                "mailbox",
                "username",
                "{on isadmin} OR {on isglobaladmin}",
                "isadmin isglobaladmin",
            ),
        ),
    ),
)
