"""How a CSV file separates its cells, and where its records begin and end."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mailboxes.transfer.columns import recognize

DELIMITERS = (";", "\t", ",")
SEPARATOR_LINE = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)
"""What Excel writes and reads as a first line that is no row."""

ADDRESS = re.compile(r"\s*[^\s@,;]*@?[\w-]+(\.[\w-]+)+\s*")
MAX_CELL = csv.field_size_limit()
SAMPLE = 20
"""How many records the delimiter is guessed from."""


@dataclass(frozen=True)
class Record:
    """The cells of a row, under the number that a spreadsheet shows beside it."""

    line: int
    cells: list[str]
    is_broken: bool = False
    """Whether the quotation marks don't match, or a cell is longer than MAX_CELL."""

    @property
    def is_empty(self) -> bool:
        return not self.is_broken and not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    skips_spaces: bool = False
    """Whether a space follows each delimiter, also before a quotation mark."""

    def records(self, lines: Iterable[str]) -> Iterator[Record]:
        """Yield all records; a broken one ends at its line, so the next ones can be read."""
        reader = csv.reader(
            lines, delimiter=self.delimiter, skipinitialspace=self.skips_spaces, strict=True
        )
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Record(number, [], is_broken=True)
            else:
                yield Record(number, cells)


def separator_of(line: str) -> str:
    """Return the delimiter that a line `sep=;` names, or an empty string."""
    found = SEPARATOR_LINE.fullmatch(line)
    return found[1] if found else ""


def guess_dialect(lines: Sequence[str]) -> Dialect:
    """Return the dialect in which the first lines make the most sense."""
    candidates = [
        Dialect(delimiter, f"{delimiter} " in lines[0]) if lines else Dialect(delimiter)
        for delimiter in DELIMITERS
    ]
    return max(candidates, key=lambda dialect: score(dialect, lines))


def score(dialect: Dialect, lines: Sequence[str]) -> tuple[int, int, int]:
    """Return known names in the header, cells with one address, and rows of equal width."""
    records = [record for record in dialect.records(lines) if not record.is_empty][:SAMPLE]
    if not records:
        return (0, 0, 0)
    head = records[0].cells
    known = sum(recognize(name) is not None for name in head)
    addresses = sum(
        ADDRESS.fullmatch(cell) is not None for record in records for cell in record.cells
    )
    even = sum(len(record.cells) == len(head) > 1 for record in records)
    return (known, addresses, even)
