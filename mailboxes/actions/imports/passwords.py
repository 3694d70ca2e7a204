"""The passwords of an import: ready hashes as they are, clear ones judged and hashed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

from mailboxes.actions.imports.rows import ImportRow, MailboxRow, Unreadable
from mailboxes.actions.imports.tables import parse_name
from mailboxes.actions.passwords import check_new_password, renew_expiry
from mailboxes.addresses import BadAddress
from mailboxes.conf import MailHost
from mailboxes.errors import Refused, Term, gettext_noop
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.queries import new_row, with_keys
from mailboxes.variants import Scheme
from mailboxes.verification import host_problem, locks_out

NO_PASSWORD = gettext_noop("It has no password yet, so its owner can't sign in.")
UNUSABLE = gettext_noop(
    "The mail host can't verify the hash (%(scheme)s), so it isn't imported: set a new password."
)
UNKNOWN_FORM = Term(gettext_noop("unknown scheme"))
MAX_STORED = 255
PER_TASK = 20
"""How many passwords a process gets at a time."""

NOT_HASHED = "{DRY-RUN}"
"""What a dry run has in place of a hash; it is never saved."""

Mapper = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""`map`, or the same in several processes."""


class Clear(NamedTuple):
    """A clear password, and what it is compared with."""

    address: str
    name: str
    password: str
    old: str
    """What is stored now, if the mailbox exists."""


class Task(NamedTuple):
    """Passwords to be judged and, unless it is a dry run, hashed."""

    passwords: Sequence[Clear]
    scheme: Scheme
    updates: bool
    hashes: bool


def prepare(
    rows: Sequence[ImportRow],
    scheme: Scheme,
    updates: bool,
    hashes: bool,
    mapper: Mapper = map,
) -> list[ImportRow]:
    """Return the rows with a hash in place of each clear password, or why that is refused.

    Judging a password takes up to milliseconds, and hashing it up to a quarter of a second, so this
    must not be called in a transaction.
    """
    return begin_preparing(rows, scheme, updates, hashes, mapper)()


def begin_preparing(
    rows: Sequence[ImportRow], scheme: Scheme, updates: bool, hashes: bool, mapper: Mapper
) -> Callable[[], list[ImportRow]]:
    """Return a function that returns the prepared rows; other processes begin with them now."""
    asked = [
        (place, row)
        for place, row in enumerate(rows)
        if isinstance(row, MailboxRow) and row.password
    ]
    names = [stored_name(row) for _place, row in asked]
    old = stored_passwords(names)
    clear = [
        Clear(name, row.name or "", row.password, old.get(name, ""))
        for name, (_place, row) in zip(names, asked, strict=True)
    ]
    tasks = [
        Task(clear[start : start + PER_TASK], scheme, updates, hashes)
        for start in range(0, len(clear), PER_TASK)
    ]
    results = mapper(run, tasks)

    def finish() -> list[ImportRow]:
        prepared = list(rows)
        for (place, row), found in zip(asked, chain.from_iterable(results), strict=True):
            prepared[place] = with_hash(row, found)
        return prepared

    return finish


def stored_name(row: MailboxRow) -> str:
    try:
        return str(parse_name(row.address))
    except BadAddress:
        return row.address  # it will be refused


def with_hash(row: MailboxRow, found: str | Refused) -> ImportRow:
    if isinstance(found, Refused):
        return Unreadable(row.place, row.address, found.message, dict(found.params))
    return replace(row, password="", stored=found)  # nosec B106


def stored_passwords(addresses: Sequence[str]) -> dict[str, str]:
    rows = with_keys(Mailbox.objects.values_list("pk", "password"), addresses)
    return {name.lower(): stored for name, stored in rows}


def run(task: Task) -> list[str | Refused]:
    """Return what is to be stored, which is what is there if nothing is to be changed."""
    found = [judge(clear, task) for clear in task.passwords]
    new = [clear.password for clear, one in zip(task.passwords, found, strict=True) if one is None]
    handler = task.scheme.handler
    made = iter(schemes.make_passwords(new, handler) if task.hashes else [NOT_HASHED] * len(new))
    return [next(made) if one is None else one for one in found]


def judge(clear: Clear, task: Task) -> str | Refused | None:
    """Return what is stored already, or why the password is refused; None if it is to be hashed."""
    password, old = clear.password, clear.old
    if old and (not task.updates or schemes.fits(password, old, clear.address)):
        return old
    mailbox = new_row(Mailbox, {"username": clear.address, "name": clear.name})
    try:
        check_new_password(password, mailbox, task.scheme, is_of_many=True)
    except Refused as error:
        return error
    return None


def set_stored(
    mailbox: Mailbox, row: MailboxRow, domain: Domain | None, host: MailHost
) -> Refused | None:
    """Set what the row has, and return what should be known of it."""
    problem = find_problem(row.stored, host)
    if not problem:
        mailbox.password = row.stored
        renew_expiry(mailbox, domain)
    return problem


def find_problem(stored: str, host: MailHost) -> Refused | None:
    """Return why the daemons couldn't check this hash."""
    if not stored:
        return Refused(NO_PASSWORD)
    if stored == NOT_HASHED:
        return None
    found = host_problem(stored, host)
    if not locks_out(found) and len(stored) <= MAX_STORED and stored.isascii():
        return None
    return Refused(UNUSABLE, {"scheme": (found and found.scheme) or UNKNOWN_FORM})


def differs(mailbox: Mailbox, row: MailboxRow, host: MailHost) -> bool:
    """Say whether the row has another password than the mailbox, and a usable one."""
    return row.stored not in ("", mailbox.password) and not find_problem(row.stored, host)
