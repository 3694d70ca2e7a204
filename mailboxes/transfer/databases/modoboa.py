"""Modoboa with MySQL, MariaDB or SQLite."""

from collections.abc import Iterator

from mailboxes.actions.imports.rows import DomainRow, ImportRow
from mailboxes.foreign_flags import is_true
from mailboxes.transfer.databases.reader import (
    MEGABYTE,
    Loss,
    MailboxStates,
    Options,
    Reader,
    alias_domain_rows,
    joined_rows,
    mailbox_row,
    text,
)
from mailboxes.transfer.databases.source import Source

DOMAINS = "SELECT id, name, enabled FROM {}admin_domain WHERE type = 'domain' ORDER BY id"
# Accounts of an LDAP directory have a password there.
MAILBOXES = (
    "SELECT mailbox.id, mailbox.address, domain.name, account.first_name, account.last_name, "
    "mailbox.quota, account.is_active, "
    "CASE WHEN {on account.is_local} THEN account.password ELSE '' END "
    "FROM {}admin_mailbox AS mailbox JOIN {}admin_domain AS domain "
    "ON domain.id = mailbox.domain_id JOIN {}core_user AS account "
    "ON account.id = mailbox.user_id ORDER BY mailbox.id"
)
INACTIVE = "SELECT address FROM {}admin_alias WHERE {off enabled}"
# An alias domain has an internal one from all its addresses to those of its target.
ALIASES = (
    "SELECT alias.address, recipient.address, alias.enabled "
    "FROM {}admin_alias AS alias JOIN {}modoboa_admin_aliasrecipient AS recipient "
    "ON recipient.alias_id = alias.id WHERE {off alias.internal} OR alias.address NOT LIKE '@%' "
    "ORDER BY HEX(LOWER(TRIM(alias.address))), recipient.id"
)
ALIAS_DOMAINS = (
    "SELECT source.id, source.name, target.name, source.enabled "
    "FROM {}admin_domainalias AS source JOIN {}admin_domain AS target "
    "ON target.id = source.target_id ORDER BY source.id"
)


def read(source: Source, options: Options) -> Iterator[ImportRow]:
    for key, name, enabled in source.rows(DOMAINS):
        yield DomainRow(f"admin_domain {key}", text(name), active=is_true(enabled))
    states = MailboxStates(source.rows(INACTIVE))
    for key, local_part, domain, first, last, size, active, stored in source.rows(MAILBOXES):
        row = mailbox_row(
            f"admin_mailbox {key}",
            f"{text(local_part)}@{text(domain)}",
            stored,
            size,
            options,
            name=f"{text(first)} {text(last)}".strip(),
            active=is_true(active),
        )
        yield states.note_mailbox(row)
    aliases = (
        (text(address).lower(), text(target), is_true(enabled))
        for address, target, enabled in source.rows(ALIASES)
    )
    yield from joined_rows("admin_alias", aliases, states)
    for key, name, target, enabled in source.rows(ALIAS_DOMAINS):
        place = f"admin_domainalias {key}"
        yield from alias_domain_rows(place, text(name), text(target), enabled)


READER = Reader(
    product="Modoboa",
    needed={
        "core_user": "id password first_name last_name is_active is_local",
        "admin_domain": "id name enabled type",
        "admin_domainalias": "id name target_id enabled",
        "admin_mailbox": "id address quota domain_id user_id",
        "admin_alias": "id address enabled internal",
        "modoboa_admin_aliasrecipient": "id address alias_id",
    },
    read=read,
    unit=MEGABYTE,
    losses=(
        Loss("Domains that are only relayed", "admin_domain", "name", "type <> 'domain'"),
        Loss("Domains with a total quota", "admin_domain", "name", "quota > 0", "quota"),
        Loss(
            "Domains with a limit on sent messages",
            *("admin_domain", "name", "message_limit IS NOT NULL", "message_limit"),
        ),
        Loss(
            "Mailboxes with a limit on sent messages",
            *("admin_mailbox", "address", "message_limit IS NOT NULL", "message_limit"),
        ),
        Loss(
            "Mailboxes that only send",
            *("admin_mailbox", "address", "{on is_send_only}", "is_send_only"),
            note="They receive mail here.",
        ),
        Loss(
            "Aliases that expire or have expired",
            *("admin_alias", "address", "expire_at IS NOT NULL", "expire_at"),
            note="They don't expire here. Delete those that have expired.",
        ),
        Loss("Accounts of an LDAP directory", "core_user", "username", "{off is_local}"),
        Loss(
            "Second factors",
            *("core_user", "username", "{on totp_enabled}", "totp_enabled"),
        ),
        Loss("Other senders of mailboxes", "admin_senderaddress", "address"),
        Loss("Vacation messages", "postfix_autoreply_armessage", "subject"),
        Loss("Administrators", "core_user", "username", "{on is_superuser}", "is_superuser"),
    ),
)
