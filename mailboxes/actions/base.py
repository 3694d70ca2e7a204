"""What the actions share: making rows, saving columns, enabling and disabling."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mailboxes.actions import rules
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox


@contextmanager
def new_row(taken: str, field: str = "address") -> Iterator[None]:
    """Make rows in one transaction; refuse with this sentence if somebody else was quicker."""
    try:
        with transaction.atomic(using="mail"):
            yield
    except IntegrityError as error:
        raise Refused(taken, field) from error


def save(row: Domain | Mailbox | Alias | AliasDomain, *columns: str) -> None:
    """Save these columns alone, so that what others have changed meanwhile stays."""
    rules.check_columns(row, *columns)
    try:
        row.save(update_fields=[*columns, "modified"])
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # its children are other troubles
            raise
        raise Refused(
            _("%(row)s has been deleted meanwhile; nothing was changed.") % {"row": row}
        ) from error


@transaction.atomic(using="mail")
def set_active(row: Domain | Mailbox | Alias | AliasDomain, active: bool) -> None:
    """Enable or disable a row; a mailbox takes its alias to itself with it."""
    if isinstance(row, Alias):
        rules.check_active(row, active)
    row.active = active
    save(row, "active")
    if isinstance(row, Mailbox):
        own = Alias.objects.filter(pk=row.pk).exclude(active=active)
        own.update(active=active, modified=timezone.now())
