"""The mailboxes whose owners should sign in once on the password page, as a list in CSV."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from mailboxes import usage
from mailboxes.conf import MailHost
from mailboxes.csv_download import iso_time
from mailboxes.export.compatibility import StoredPassword, stored_passwords
from mailboxes.inspection.rows import password_form
from mailboxes.models import Mailbox
from mailboxes.passwords import schemes
from mailboxes.queries import BATCH
from mailboxes.verification import host_problem, locks_out, needs_rehash

COLUMNS = (
    *("address", "name", "domain", "stored_as", "can_keep_password"),
    *("can_sign_in", "active", "last_sign_in"),
)


def filename(day: date) -> str:
    return f"passwords-to-rehash-{day}.csv"


def rows(host: MailHost) -> Iterator[list[Any]]:
    """Yield each row's cells for a host: active mailboxes by address, then disabled ones."""
    for active in (True, False):
        found = stored_passwords(Mailbox.objects.all(), active)
        to_ask = (row for row in found if needs_rehash(row.stored, host))
        while batch := list(islice(to_ask, BATCH)):
            logins = usage.find([row.address for row in batch])
            for row in batch:
                yield cells(row, host, active, iso_time(logins[row.address].last_login))


def cells(row: StoredPassword, host: MailHost, active: bool, last_sign_in: str) -> list[Any]:
    can_sign_in = active and not locks_out(host_problem(row.stored, host))
    can_keep = schemes.is_checkable(row.stored)
    form = password_form(row.stored)
    return [row.address, row.name, row.domain, form, can_keep, can_sign_in, active, last_sign_in]
