"""Reading a CSV file: its columns, its records, and the rows of an import in them."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import BinaryIO

from mailboxes.actions.imports.rows import ImportRow, Unreadable
from mailboxes.errors import Refused, gettext_noop
from mailboxes.sizes import UNITS
from mailboxes.transfer.columns import (
    SIZED,
    Column,
    assign,
    check_columns,
    recognize,
    unit_bytes,
)
from mailboxes.transfer.dialects import (
    MAX_CELL,
    SAMPLE,
    Dialect,
    Record,
    guess_dialect,
    separator_of,
)
from mailboxes.transfer.encodings import read_lines
from mailboxes.transfer.joining import join_aliases
from mailboxes.transfer.records import READY_HASH, Units, read_record

EMPTY = gettext_noop("The file is empty.")
BROKEN = gettext_noop(
    "The quotation marks of this line don't match, or a cell is longer than %(limit)s characters."
)
RAGGED = gettext_noop(
    "The line has %(found)s cells, but the first one has %(expected)s. A cell that contains the "
    "delimiter must be in quotation marks."
)
WRONG_WIDTH = gettext_noop("The file has %(found)s columns, but %(expected)s were assigned.")


class CsvFile:
    """A CSV file, read once from its beginning to its end.

    Without `columns`, they are recognized by the names in the header. `unit` is that of quotas
    without any, in bytes, if one was chosen. `megabyte` are the bytes of those that quotas are
    counted in; 0 if they can be any size.
    """

    def __init__(
        self,
        file: BinaryIO,
        columns: Sequence[Column | None] | None = None,
        unit: int | None = None,
        quota_multiplier: int = 1_024_000,
        megabyte: int = 0,
    ) -> None:
        lines = read_lines(file)
        head = list(islice(lines, 1))
        separator = separator_of(head[0]) if head else ""
        head = [*([] if separator else head), *islice(lines, 5 * SAMPLE)]
        self.dialect = Dialect(separator) if separator else guess_dialect(head)
        self.stream = self.dialect.records(chain(head, lines))
        self.sample = list(
            islice((record for record in self.stream if not record.is_empty), SAMPLE)
        )
        if not self.sample:
            raise Refused(EMPTY, code="empty")
        first = self.sample[0].cells
        self.has_header = any(map(recognize, first)) and not any("@" in cell for cell in first)
        self.header = first if self.has_header else []
        self.width = len(first)
        if self.has_header:
            self.sample.pop(0)
        self.reads_hashes = False
        """Whether the column with passwords is read as ready hashes, since it contains such."""

        self.problem: Refused | None = None
        """Why the columns can't be recognized by their names, if they can't."""

        self.columns = self.assigned() if columns is None else tuple(columns)
        quota, per_mailbox, total = self.header_units(quota_multiplier)
        if quota and quota > 1 and megabyte:
            quota = quota * megabyte // UNITS["M"]
        self.units = Units(unit, quota, per_mailbox, total, megabyte)
        self.ticks_only = self.is_ticked()

    def assigned(self) -> tuple[Column | None, ...]:
        """Return the columns by their names; of passwords, the first ones show what they are."""
        columns: tuple[Column | None, ...] = (None,) * self.width
        try:
            columns = assign(self.header or [""] * self.width)
        except Refused as error:
            self.problem = error
        passwords = self.sampled(columns, Column.PASSWORD)
        if Column.HASH in columns or not passwords or not all(map(READY_HASH.fullmatch, passwords)):
            return columns
        self.reads_hashes = True
        return tuple(Column.HASH if column is Column.PASSWORD else column for column in columns)

    def sampled(self, columns: Sequence[Column | None], column: Column) -> list[str]:
        """Return what the first records have in a column."""
        if column not in columns:
            return []
        place = columns.index(column)
        cells = (record.cells[place] for record in self.sample if len(record.cells) > place)
        return [cell for cell in cells if cell.strip()]

    def header_units(self, multiplier: int) -> Iterator[int | None]:
        """Yield the units of the columns of sizes that their names have."""
        names = dict(zip(self.columns, self.header, strict=False))
        for column in SIZED:
            found = recognize(names.get(column, ""))
            yield unit_bytes(found.unit, multiplier) if found and found.unit else None

    def is_ticked(self) -> bool:
        """Say whether the column `active` has crosses, so that an empty cell means no."""
        cells = self.sampled(self.columns, Column.ACTIVE)
        return bool(cells) and {cell.strip().lower() for cell in cells} <= {"x", "✓", "✔"}

    def records(self) -> Iterator[tuple[Record, ImportRow | None]]:
        """Yield each record but the header with its row, aliases unjoined; None if it is empty."""
        if self.problem:
            raise self.problem
        if len(self.columns) != self.width:
            params = {"found": self.width, "expected": len(self.columns)}
            raise Refused(WRONG_WIDTH, params, code="columns", field="columns")
        check_columns(self.columns)
        for record in chain(self.sample, self.stream):
            yield record, None if record.is_empty else self.row_of(record)

    def rows(self) -> Iterator[ImportRow]:
        """Yield the rows: aliases last, those with several records in one row."""
        return join_aliases(row for _record, row in self.records() if row)

    def row_of(self, record: Record) -> ImportRow:
        place = f"line {record.line}"
        if record.is_broken:
            return Unreadable(place, "", BROKEN, {"limit": str(MAX_CELL)})
        cells = record.cells
        while len(cells) > self.width and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) != self.width:
            params = {"found": str(len(cells)), "expected": str(self.width)}
            return Unreadable(place, "", RAGGED, params)
        values = {column: cell for column, cell in zip(self.columns, cells, strict=True) if column}
        if self.ticks_only:
            values[Column.ACTIVE] = values[Column.ACTIVE].strip() or "0"
        return read_record(place, values, self.units)
