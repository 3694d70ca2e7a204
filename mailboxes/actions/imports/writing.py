"""Writing the planned rows of a batch, with few statements for each table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.utils import timezone

from mailboxes import foreign_rows
from mailboxes.access.grants import forget_domain
from mailboxes.actions.base import Row, subject_of
from mailboxes.actions.imports.outcomes import Outcome, Verb
from mailboxes.actions.imports.tables import Tables
from mailboxes.actions.updating import update_rows
from mailboxes.audit.models import Subject
from mailboxes.inserts import Inserts, inserting
from mailboxes.lookup_tables import tables as lookup_tables
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

WRITTEN = (Verb.CREATE, Verb.CHANGE)


@contextmanager
def writing(tables: Tables) -> Iterator["Writer"]:
    """Write rows in the caller's transaction, the added ones while the block does other things."""
    with lookup_tables.pause() as paused:
        with inserting("mail") as inserts:
            writer = Writer(tables, inserts)
            yield writer
        if paused:
            lookup_tables.fill(Mailbox, writer.mailboxes)
            lookup_tables.fill(Alias, writer.aliases)
    writer.complete()


class Writer:
    """Writes the planned rows of a batch, some at a time."""

    def __init__(self, tables: Tables, inserts: Inserts) -> None:
        self.tables = tables
        self.inserts = inserts
        self.now = timezone.now()
        self.subjects: list[Subject] = []
        """What the log says of the rows."""

        self.changed: dict[tuple[Any, tuple[str, ...]], list[Any]] = {}
        self.mailboxes: list[str] = []
        self.aliases: list[str] = []
        """The addresses of those added, without those that only deliver a new mailbox's mail: the
        lookup tables have nothing of these."""

    def write(self, planned: Sequence[Outcome]) -> None:
        """Begin to insert what these outcomes have added, and note what they have changed."""
        added: dict[Any, dict[str, Any]] = {Domain: {}, Mailbox: {}, Alias: {}, AliasDomain: {}}
        for one in planned:
            if one.model and one.verb in WRITTEN:
                self.subjects.append(subject_of(one.model, one.changes))
                self.note(one.model, tuple(one.changes), added)
        for row in added[Domain].values():
            forget_domain(row.pk)  # administrators of a former domain have no right to this one
        self.mailboxes += added[Mailbox]
        self.aliases += [
            row.address
            for row in added[Alias].values()
            if not (row.active and row.goto == row.address and row.address in added[Mailbox])
        ]
        for table, rows in added.items():
            self.inserts.add(table, list(rows.values()))

    def note(self, row: Row, columns: tuple[str, ...], added: dict[Any, dict[str, Any]]) -> None:
        # Not only changes: a mailbox that is written already gets more targets than itself.
        if not row._state.adding:
            self.changed.setdefault((type(row), columns), []).append(row)
            return
        row.created = row.modified = self.now
        added[type(row)][row.pk] = row
        if isinstance(row, Mailbox) and (own := self.tables.aliases[row.username])._state.adding:
            own.created = own.modified = self.now
            added[Alias][own.address] = own

    def complete(self) -> None:
        for (table, columns), rows in self.changed.items():
            update_rows(table, rows, columns)
        if self.mailboxes:
            foreign_rows.clear_for(self.mailboxes)
