"""What a dry run would change of where mail goes, on disk: a source may have millions of rows."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import Model

from mailboxes.actions.imports.mailboxes import DEFAULTS
from mailboxes.actions.imports.outcomes import Outcome, Verb
from mailboxes.forwarding.lookups import LookUps
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import new_row

COLUMNS: dict[type[Model], tuple[str, ...]] = {
    Domain: ("active", "transport", "backupmx"),
    AliasDomain: ("active", "target_domain"),
    Alias: ("active", "goto"),
    Mailbox: ("active",),
}
"""The columns that decide where mail goes, in the order in which the table has their values."""

KEYS = {model: model._meta.pk.attname for model in COLUMNS}
MODELS = {model.__name__: model for model in COLUMNS}
BUFFERED = 4000


class Planned(NamedTuple):
    """One of the rows; `text` and `flag` are the other columns, of a mailbox none."""

    model: str
    key: str
    name: str
    place: str
    is_new: bool
    active: bool
    text: str | None = None
    flag: bool | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> "Planned | None":
        """Return what is planned, unless that changes nothing about where mail goes."""
        row = outcome.model
        if row is None or outcome.verb not in (Verb.CREATE, Verb.CHANGE):
            return None
        model, is_new = type(row), outcome.verb == Verb.CREATE
        columns = COLUMNS[model]
        if not is_new and outcome.changes.keys().isdisjoint(columns):
            return None
        values = [getattr(row, column) for column in columns]
        return cls(model.__name__, row.pk.lower(), row.pk, outcome.row.place, is_new, *values)

    @property
    def row(self) -> Any:
        model = MODELS[self.model]
        values = dict(zip(COLUMNS[model], self[5:], strict=False))
        return new_row(model, DEFAULTS[model] | {KEYS[model]: self.name} | values)


class PlannedRows:
    """The rows, and which addresses lose mail because of them."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("")  # a file that SQLite removes by itself
        self.database.execute(
            "CREATE TABLE planned (model TEXT, key TEXT, name TEXT, place TEXT, is_new INTEGER,"
            " active INTEGER, text TEXT, flag INTEGER, PRIMARY KEY (model, key)) WITHOUT ROWID"
        )
        self.database.execute(
            "CREATE TABLE lost (key TEXT PRIMARY KEY, model TEXT, row TEXT) WITHOUT ROWID"
        )
        self.new: list[Planned] = []
        self.new_lost: list[tuple[str, str, str]] = []
        self.lists: dict[str, Planned] = {}
        """The domains with new aliases to themselves, as mailboxes have them, each with the first:
        relayed ones only accept such addresses then."""

    def close(self) -> None:
        self.database.close()

    def add(self, planned: Planned) -> None:
        self.new.append(planned)
        if planned.text == planned.name or (planned.is_new and planned.model == "Mailbox"):
            self.lists.setdefault(planned.key.rpartition("@")[2], planned)
        if len(self.new) >= BUFFERED:
            self.write()

    def write(self) -> None:
        with self.database:
            self.database.executemany(
                "INSERT OR REPLACE INTO planned VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self.new
            )
            self.database.executemany("INSERT OR IGNORE INTO lost VALUES (?, ?, ?)", self.new_lost)
        self.new.clear()
        self.new_lost.clear()

    def find(self, model: type[Model], keys: Iterable[str]) -> Iterator[Planned]:
        """Yield those of a model with one of these keys."""
        self.write()
        found = self.database.execute(
            "SELECT * FROM planned WHERE model = ? AND key IN (SELECT value FROM json_each(?))",
            [model.__name__, json.dumps([*keys])],
        )
        yield from map(Planned._make, found)

    def batches(
        self, model: type[Model], number: int, exist: bool = False
    ) -> Iterator[list[Planned]]:
        """Yield all of a model, or those that exist already, in the order of their keys."""
        self.write()
        last = ""
        while True:
            found = self.database.execute(
                "SELECT * FROM planned WHERE model = ? AND key > ? AND is_new <= ?"
                " ORDER BY key LIMIT ?",
                [model.__name__, last, not exist, number],
            )
            batch = list(map(Planned._make, found))
            if not batch:
                return
            yield batch
            last = batch[-1].key

    def add_lost(self, key: str, planned: Planned) -> None:
        """Note an address or a catch-all that loses mail because of a row."""
        self.new_lost.append((key, planned.model, planned.key))

    def lost(self, number: int) -> Iterator[dict[str, Planned]]:
        """Yield those addresses in batches, each with its row."""
        self.write()
        last = ""
        while True:
            found = self.database.execute(
                "SELECT lost.key, planned.* FROM lost JOIN planned ON planned.model = lost.model"
                " AND planned.key = lost.row WHERE lost.key > ? ORDER BY lost.key LIMIT ?",
                [last, number],
            )
            batch = {key: Planned._make(row) for key, *row in found}
            if not batch:
                return
            yield batch
            last = next(reversed(batch))


class PlannedLookUps(LookUps):
    """What the maps would find once the rows are written."""

    def __init__(self, planned: PlannedRows) -> None:
        super().__init__()
        self.planned = planned

    def load(self, model: type[Model], keys: Iterable[str]) -> None:
        known = self.read_rows[model]
        new = {key for key in keys if key not in known}
        super().load(model, new)
        for planned in self.planned.find(model, new) if new else ():
            known[planned.key] = planned.row
            if model is Mailbox:
                self.set_own(planned)

    def set_own(self, mailbox: Planned) -> None:
        """Let a mailbox's own alias follow it, as an import does; it is read before."""
        aliases = self.read_rows[Alias]
        if own := aliases.get(mailbox.key):
            own.active = mailbox.active
        elif mailbox.is_new:
            aliases[mailbox.key] = Alias(
                address=mailbox.key, goto=mailbox.key, active=mailbox.active
            )

    def lists_recipients(self, domain: str) -> bool:
        return domain.lower() in self.planned.lists or super().lists_recipients(domain)
