"""PostfixAdmin, also 2.x, and with a prefix of its tables."""

from collections.abc import Iterator
from typing import Any

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    ImportRow,
)
from mailboxes.foreign_flags import is_true
from mailboxes.inspection.products import POSTFIXADMIN
from mailboxes.models import EVERY_DOMAIN
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
    "SELECT domain, description, mailboxes, aliases, maxquota, quota, active, transport, backupmx "
    "FROM {}domain ORDER BY domain"
)
USE_BY_MAILBOXES = "SELECT domain, quota, COUNT(*) FROM {}mailbox GROUP BY domain, quota"
USE_BY_ALIASES = (
    "SELECT domain, COUNT(*) FROM {}alias WHERE HEX(LOWER(address)) <> HEX(LOWER(goto)) "
    "GROUP BY domain"
)
MAILBOXES = (
    "SELECT username, password, name, maildir, quota, active FROM {}mailbox ORDER BY username"
)
INACTIVE = "SELECT address FROM {}alias WHERE {off active}"
ALIASES = "SELECT address, goto, active FROM {}alias ORDER BY address"
ALIAS_DOMAINS = (
    "SELECT alias_domain, target_domain, active FROM {}alias_domain ORDER BY alias_domain"
)
EXPIRED = "password_expiry > '2000-01-02' AND password_expiry < CURRENT_TIMESTAMP"


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    use = DomainUse(source, USE_BY_MAILBOXES, USE_BY_ALIASES, options.unit, quota_unit=1)
    for name, description, mailboxes, aliases, size, total, active, *route in source.rows(DOMAINS):
        if text(name) != EVERY_DOMAIN:
            limits, place = (mailboxes, aliases, size, total), f"domain {text(name)}"
            yield use.domain_row(place, name, description, active, limits, *route)
    states = MailboxStates(source.rows(INACTIVE))
    for address, stored, name, maildir, size, active in source.rows(MAILBOXES):
        row = mailbox_row(
            f"mailbox {text(address)}",
            address,
            stored,
            size,
            options,
            unit=1,
            name=one_line(name),
            active=is_true(active),
            maildir=relative_folder(maildir),
        )
        yield states.note_mailbox(row)
    for address, goto, active in source.rows(ALIASES):
        name, targets = text(address), without_vacation(text(address), split_targets(goto))
        state = states.of_alias(name, active)
        yield from alias_rows(f"alias {name}", name, targets, state, use.is_relayed(name))
    if source.has("alias_domain"):
        for name, target, active in source.rows(ALIAS_DOMAINS):
            yield AliasDomainRow(
                f"alias_domain {text(name)}", text(name), text(target), is_true(active)
            )


def relative_folder(value: Any) -> str:
    """Return a folder below MAIL_HOME; others could be anywhere on the old host."""
    maildir = text(value)
    usable = maildir.endswith("/") and not maildir.startswith("/") and ".." not in maildir
    return maildir if usable else ""


def without_vacation(address: str, targets: tuple[str, ...]) -> tuple[str, ...]:
    """Return the targets without the one that has vacation messages sent."""
    sender = address.replace("@", "#") + "@"
    return tuple(target for target in targets if not target.lower().startswith(sender.lower()))


READER = Reader(
    product=POSTFIXADMIN,
    needed={
        "domain": "domain description mailboxes aliases maxquota quota active transport backupmx",
        "mailbox": "username password name maildir quota domain active",
        "alias": "address goto domain active",
    },
    read=read,
    unit=0,
    losses=(
        other_transports("virtual"),
        Loss(
            "Mailboxes that may not send (smtp_active)",
            *("mailbox", "username", "{off smtp_active}", "smtp_active"),
            note="They can send here.",
        ),
        Loss(
            "Mailboxes with a second factor",
            *("mailbox", "username", "totp_secret <> ''", "totp_secret"),
        ),
        Loss(
            "Mailboxes with an expired password",
            *("mailbox", "username", EXPIRED, "password_expiry"),
            note="It is valid here.",
        ),
        Loss("Phone numbers", "mailbox", "username", "phone <> ''", "phone"),
        Loss("Other email addresses of owners", "mailbox", "email_other", "email_other <> ''"),
        Loss("Active vacation messages", "vacation", "email", "{on active}", "active"),
        Loss("Mailboxes that fetch mail from elsewhere", "fetchmail", "mailbox"),
        Loss("App passwords", "mailbox_app_password", "username"),
        Loss("DKIM keys", "dkim", "domain_name"),
        Loss("Administrators", "admin", "username"),
    ),
)
