"""mailcow-dockerized."""

from collections.abc import Iterator

from mailboxes.actions.imports.rows import (
    ImportRow,
)
from mailboxes.foreign_flags import is_true
from mailboxes.transfer.databases.domain_use import DomainUse
from mailboxes.transfer.databases.reader import (
    BACKUP_MX,
    MEGABYTE,
    Loss,
    MailboxStates,
    Options,
    Reader,
    alias_domain_rows,
    alias_rows,
    is_unlimited,
    mailbox_row,
    number,
    one_line,
    split_targets,
    text,
)
from mailboxes.transfer.databases.source import Source

DOMAINS = (
    "SELECT domain, description, mailboxes, aliases, maxquota, quota, active "
    "FROM {}domain WHERE {off backupmx} ORDER BY domain"
)
# JSON, written with blanks by one version of the server and without by another.
RESTRICTED = " OR ".join(
    f"REPLACE(attributes, ' ', '') LIKE '%\"{service}_access\":\"0\"%'"
    for service in ("imap", "pop3", "smtp", "sieve")
)
USE_BY_MAILBOXES = (
    "SELECT domain, quota, COUNT(*) FROM {}mailbox WHERE kind = '' GROUP BY domain, quota"
)
USE_BY_ALIASES = (
    "SELECT domain, COUNT(*) FROM {}alias WHERE HEX(LOWER(address)) <> HEX(LOWER(goto)) "
    "GROUP BY domain"
)
# With active = 2, a mailbox only receives mail.
MAILBOXES = (
    "SELECT username, CASE WHEN CAST(active AS CHAR) = '2' THEN '' ELSE password END, name, quota, "
    "active FROM {}mailbox WHERE kind = '' ORDER BY username"
)
# Since 2025, passwords may be checked elsewhere.
MAILBOXES_WITH_AUTHSOURCE = (
    "SELECT username, CASE WHEN CAST(active AS CHAR) = '2' OR authsource <> 'mailcow' THEN '' "
    "ELSE password END, name, quota, active FROM {}mailbox WHERE kind = '' ORDER BY username"
)
DISCARD = ("null@localhost", "spam@localhost", "ham@localhost")
"""Targets that discard mail, or learn it as spam or as no spam."""

INACTIVE = "SELECT address FROM {}alias WHERE {off active}"
ALIASES = "SELECT id, address, goto, active FROM {}alias ORDER BY id"
ALIAS_DOMAINS = (
    "SELECT alias_domain, target_domain, active FROM {}alias_domain ORDER BY alias_domain"
)


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    use = DomainUse(source, USE_BY_MAILBOXES, USE_BY_ALIASES, MEGABYTE, options.unit, limit)
    for name, description, mailboxes, aliases, size, total, active in source.rows(DOMAINS):
        limits = mailboxes, aliases, size, total
        yield use.domain_row(f"domain {text(name)}", name, description, active, limits)
    states = MailboxStates(source.rows(INACTIVE))
    has_authsource = source.has("mailbox", "authsource")
    mailboxes = MAILBOXES_WITH_AUTHSOURCE if has_authsource else MAILBOXES
    for address, stored, name, size, active in source.rows(mailboxes):
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
    for key, address, goto, active in source.rows(ALIASES):
        name, targets = text(address), split_targets(goto)
        if not set(targets) & set(DISCARD):
            yield from alias_rows(f"alias {key}", name, targets, states.of_alias(name, active))
    for name, target, active in source.rows(ALIAS_DOMAINS):
        place = f"alias_domain {text(name)}"
        yield from alias_domain_rows(place, text(name), text(target), active)


def limit(value: object) -> int:
    """Return a limit of rows, where 0 allows none."""
    return 0 if is_unlimited(value) else number(value) or -1


READER = Reader(
    product="mailcow",
    needed={
        "domain": "domain description mailboxes aliases maxquota quota active backupmx",
        "mailbox": "username password name quota kind domain active",
        "alias": "id address goto domain active",
        "alias_domain": "alias_domain target_domain active",
    },
    read=read,
    notes=("mailcow encrypts the mail on its disk. Copy it over IMAP while mailcow is running.",),
    losses=(
        BACKUP_MX,
        Loss("Domains with a relay host", "domain", "domain", "relayhost <> '0'", "relayhost"),
        Loss("Resources (rooms, equipment)", "mailbox", "username", "kind <> ''"),
        Loss(
            "Mailboxes that sign in elsewhere (authsource)",
            *("mailbox", "username", "authsource <> 'mailcow'", "authsource"),
            note="They get no password.",
        ),
        Loss(
            "Mailboxes that only receive mail (active = 2)",
            *("mailbox", "username", "CAST(active AS CHAR) = '2'"),
            note="They get no password.",
        ),
        Loss(
            "Mailboxes without IMAP, POP3, SMTP or Sieve",
            *("mailbox", "username", RESTRICTED, "attributes"),
            note="They can use all services here.",
        ),
        Loss(
            "Aliases that discard mail or train the spam filter",
            *("alias", "address", "goto LIKE '%@localhost%'"),
        ),
        Loss(
            "Aliases for local senders only (internal)",
            *("alias", "address", "{on internal}", "internal"),
            note="Anybody can write to them here.",
        ),
        Loss("Temporary aliases", "spamalias", "address"),
        Loss("App passwords", "app_passwd", "mailbox"),
        Loss("Filters", "sieve_filters", "username"),
        Loss("Mailboxes that fetch mail from elsewhere", "imapsync", "user2"),
        Loss("Copies of mail", "bcc_maps", "local_dest"),
        Loss("Other recipients", "recipient_maps", "old_dest"),
        Loss("Other senders of mailboxes", "sender_acl", "logged_in_as"),
        Loss("Transports", "transports", "destination"),
        Loss("TLS policies", "tls_policy_override", "dest"),
        Loss("Administrators", "admin", "username"),
        Loss("Domain administrators", "domain_admins", "username"),
    ),
)
