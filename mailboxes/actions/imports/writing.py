"""Writing the planned rows of a batch, with few statements for each table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from django.utils import timezone

from mailboxes import foreign_rows
from mailboxes.access.grants import forget_domain
from mailboxes.actions.imports.outcomes import Outcome
from mailboxes.actions.imports.tables import Tables
from mailboxes.inserts import inserting
from mailboxes.models import Alias, Domain, Mailbox

PER_STATEMENT = 500


@contextmanager
def saving(written: Sequence[Outcome], tables: Tables) -> Iterator[None]:
    """Write the planned rows in the caller's transaction, the added ones while the block runs."""
    now = timezone.now()
    groups: dict[tuple[Any, tuple[str, ...]], list[Any]] = {}
    for one in written:
        # Not only changes: a mailbox of an earlier batch gets more targets than its own address.
        if one.model and not one.model._state.adding:
            groups.setdefault((type(one.model), tuple(one.changes)), []).append(one.model)
    for (table, columns), changed in groups.items():
        update(table, changed, columns)
    added = {
        table: [row for row in rows.values() if row._state.adding]
        for table, rows in tables.by_model().items()
    }
    for row in added[Domain]:
        forget_domain(row.pk)  # administrators of a former domain have no right to this one
    for row in chain(*added.values()):
        row.created = row.modified = now
    if added[Mailbox]:
        foreign_rows.delete_for([row.pk for row in added[Mailbox]])
    with inserting(added, "mail"):
        yield


def update(table: Any, rows: Sequence[Any], columns: Sequence[str]) -> None:
    """Save these columns of the rows; a mailbox's own alias gets its state."""
    now = timezone.now()
    for row in rows:
        row.modified = now
    also = ["password_expiry"] if "password" in columns else []
    table._default_manager.bulk_update(
        rows, [*columns, *also, "modified"], batch_size=PER_STATEMENT
    )
    if table is Mailbox and "active" in columns:
        for state in (True, False):
            own = [row.pk for row in rows if row.active == state]
            aliases = Alias.objects.filter(pk__in=own).exclude(active=state)
            aliases.update(active=state, modified=now)
