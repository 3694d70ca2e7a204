"""All domains, mailboxes and aliases as a CSV file that is imported to the same tables."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from operator import itemgetter
from typing import Any

from django.db.models import QuerySet

from mailboxes.access.scope import Scope
from mailboxes.actions.base import authorize, check_role
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import log_event, subject
from mailboxes.conf import quota_multiplier
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import batches
from mailboxes.transfer.formulas import neutralize

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as another encoding."""

COLUMNS = (
    *("type", "address", "name", "quota_bytes", "active", "targets", "folder", "description"),
    *("max_mailboxes", "max_aliases", "max_quota_bytes", "total_quota_bytes"),
    *("transport", "backup_mx", "password_expiry"),
)
REST = ("",) * 10
"""The cells of an alias behind its targets."""

Row = Sequence[Any]


def export_tables(
    actor: Actor, name: str, domain: str = "", with_hashes: bool = False
) -> Iterator[str]:
    """Log the export under the file's name, and return the file in pieces.

    Only superusers may export the hashes of passwords.
    """
    check_role(actor, "mailbox.download-hashes" if with_hashes else "mailbox.download")
    if domain:
        authorize(actor, "mailbox.download", domain)
    verb = "download-hashes" if with_hashes else "download"
    log_event(actor, f"mailbox.{verb}", subject("file", name, domain))
    return csv_pieces(actor.scope, domain, with_hashes)


def csv_pieces(scope: Scope, domain: str, with_hashes: bool) -> Iterator[str]:
    """Yield the header, then one piece for each batch of rows."""
    columns = (*COLUMNS, "hash") if with_hashes else COLUMNS
    yield BOM + piece([columns])
    for rows in (domain_rows, mailbox_rows, alias_rows, alias_domain_rows):
        for batch in rows(scope, domain):
            yield piece(row[: len(columns)] for row in batch)


def piece(rows: Iterable[Row]) -> str:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def found(scope: Scope, rows: QuerySet, domain: str, *columns: str) -> Iterator[list[Any]]:
    """Yield the columns of the rows in reach, in batches; the first one is the key."""
    if domain:
        rows = rows.filter(**{"pk" if rows.model in (Domain, AliasDomain) else "domain": domain})
    values = scope.narrow(rows).values_list(*columns)
    return batches(values, key=itemgetter(0))


def domain_rows(scope: Scope, domain: str) -> Iterator[list[Row]]:
    multiplier = quota_multiplier()
    columns = ("domain", "active", "description", "mailboxes", "aliases", "maxquota", "quota")
    others = ("transport", "backupmx", "password_expiry")
    for batch in found(scope, Domain.objects.all(), domain, *columns, *others):
        yield [
            ("domain", name, "", "", int(active), "", "", neutralize(description),
             mailboxes, aliases, max(largest * multiplier, -1), max(total * multiplier, -1),
             neutralize(transport), int(backup_mx), days or 0, "")
            for (name, active, description, mailboxes, aliases, largest, total,
                 transport, backup_mx, days) in batch
        ]  # fmt: skip


def mailbox_rows(scope: Scope, domain: str) -> Iterator[list[Row]]:
    columns = ("username", "name", "quota", "active", "maildir", "password")
    for batch in found(scope, Mailbox.objects.all(), domain, *columns):
        yield [
            ("mailbox", neutralize(address), neutralize(name), quota, int(active), "",
             neutralize(folder), *REST[2:], stored)
            for address, name, quota, active, folder, stored in batch
        ]  # fmt: skip


def alias_rows(scope: Scope, domain: str) -> Iterator[list[Row]]:
    """Yield the aliases without those that a mailbox has by itself."""
    for batch in found(scope, Alias.objects.all(), domain, "address", "goto", "active"):
        own = [address for address, goto, _active in batch if goto.lower() == address.lower()]
        mailboxes = dict(Mailbox.objects.filter(pk__in=own).values_list("username", "active"))
        implied = {address for address in own if address in mailboxes}
        yield [
            ("alias", neutralize(address), "", "", int(active), neutralize(goto), *REST)
            for address, goto, active in batch
            if address not in implied or mailboxes[address] != active
        ]


def alias_domain_rows(scope: Scope, domain: str) -> Iterator[list[Row]]:
    columns = ("alias_domain", "target_domain", "active")
    for batch in found(scope, AliasDomain.objects.all(), domain, *columns):
        yield [
            ("aliasdomain", name, "", "", int(active), target, *REST)
            for name, target, active in batch
        ]
