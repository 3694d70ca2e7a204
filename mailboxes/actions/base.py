"""What the actions share: inserting rows and saving columns."""

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
from django.utils.translation import gettext_lazy as _

from mailboxes.actions import rules
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

Row = Domain | Mailbox | Alias | AliasDomain
FAILURES = (
    *(DataError, IntegrityError, InternalError, NotSupportedError, OperationalError),
    ProgrammingError,
)
"""PEP 249's subclasses of DatabaseError: the database itself has failed."""


@contextmanager
def inserting(message: object, params: Mapping[str, Any], field: str) -> Iterator[None]:
    """Insert rows in one transaction; refuse with this message if the key already exists."""
    try:
        with transaction.atomic(using="mail"):
            yield
    except IntegrityError as error:
        raise Refused(message, params, code="taken", field=field) from error


def save_columns(row: Row, *columns: str) -> None:
    """Save only these columns, so that changes made by others in the meantime are kept."""
    rules.check_columns(row, *columns)
    try:
        row.save(update_fields=[*columns, "modified"])
    except FAILURES:
        raise
    except DatabaseError as error:  # no such row; Django 6 has a subclass of its own for that
        raise Refused(
            _("%(row)s has been deleted in the meantime. Nothing was changed."),
            {"row": str(row)},
            code="deleted",
        ) from error
