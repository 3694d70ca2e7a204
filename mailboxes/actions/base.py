"""What the actions share: inserting rows, saving columns, and what is logged of a row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    transaction,
)

from mailboxes.actions import rules
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, recorded, subject
from mailboxes.audit.models import Subject
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.storage_engines import check_engines

Row = Domain | Mailbox | Alias | AliasDomain
NOT_ALLOWED = gettext_noop("Your role doesn't allow this.")
OUT_OF_REACH = gettext_noop("%(domain)s is not one of your domains.")
NO_DEFAULT = gettext_noop(
    "The panel can't add a row, because another program's column needs a default value. The "
    "database says: %(message)s."
)
WITHOUT_DEFAULT = 1364

FAILURES = (
    *(DataError, IntegrityError, InternalError, NotSupportedError, OperationalError),
    ProgrammingError,
)
"""PEP 249's subclasses of DatabaseError: the database itself has failed."""


@contextmanager
def inserting(message: str, params: Mapping[str, Any], field: str) -> Iterator[None]:
    """Insert rows in one transaction; refuse with this message if the key already exists."""
    try:
        with transaction.atomic(using="mail"):
            yield
    except IntegrityError as error:
        if error.args[:1] == (WITHOUT_DEFAULT,):
            raise Refused(NO_DEFAULT, {"message": error.args[1]}, code="no_default") from error
        raise Refused(message, params, code="taken", field=field) from error


def save_columns(row: Row, *columns: str) -> bool:
    """Save those of these columns that have changed, and say whether any has.

    Changes made by others in the meantime are kept, and so is what only looks different: to the
    daemons, an `active` of 2 is the same as 0.
    """
    before = type(row)._default_manager.filter(pk=row.pk).values(*columns).first()
    if before is None:
        raise Refused(rules.DELETED, {"row": str(row)}, code="deleted")
    changed = [column for column in columns if before[column] != getattr(row, column)]
    if not changed:
        return False
    rules.check_columns(row, *changed)
    try:
        row.save(update_fields=[*changed, "modified"])
    except FAILURES:
        raise
    except DatabaseError as error:  # no such row; Django 6 has a subclass of its own for that
        raise Refused(rules.DELETED, {"row": str(row)}, code="deleted") from error
    return True


@contextmanager
def performing(
    actor: Actor, action: str, subject: Subject, *others: Subject, in_both: bool = False
) -> Iterator[int]:
    """Log an action on a row that the block carries out, if the actor and the tables allow it.

    The others are rows that change with it; for `in_both` and what is yielded, see `recorded`.
    """
    with recorded(actor, action, subject, *others, in_both=in_both) as entry:
        authorize(actor, action, subject.domain, subject.name)
        check_engines()
        yield entry


def authorize(actor: Actor, action: str, domain: str, name: str = "") -> None:
    """Refuse what the actor's role doesn't allow, or not in this domain.

    A domain out of reach is refused like one that doesn't exist, so that its existence isn't told.
    """
    check_role(actor, action)
    if not actor.scope.includes(domain, name):
        raise Refused(OUT_OF_REACH, {"domain": domain}, code="forbidden", field="address")


def check_role(actor: Actor, action: str) -> None:
    """Refuse what the actor's role doesn't allow anywhere."""
    if not actor.scope.allows(action):
        raise Refused(NOT_ALLOWED, code="forbidden")


def subject_of(row: Row, changes: Changes | None = None) -> Subject:
    """Return a row as an object of a line in the log."""
    domain = row.domain_id if isinstance(row, Mailbox | Alias) else row.pk
    return subject(str(row._meta.model_name), row.pk, domain, changes)


def changed_values(row: Row, *columns: str) -> Changes:
    """Return the old and the new value of each column in which the row differs from its table."""
    before = type(row)._default_manager.filter(pk=row.pk).values(*columns).first() or {}
    return {
        column: [before[column], getattr(row, column)]
        for column in columns
        if column in before and before[column] != getattr(row, column)
    }


def new_values(row: Row, *columns: str) -> Changes:
    """Return the values of a row that is about to be added."""
    return {column: [None, getattr(row, column)] for column in columns}


def removed(counts: Mapping[str, int]) -> Changes:
    """Return what is deleted together with a row."""
    return {name: [number, None] for name, number in counts.items()}
