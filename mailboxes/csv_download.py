"""A list as CSV that is safe to open in a spreadsheet."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from defusedcsv import csv
from django.http import StreamingHttpResponse

from mailboxes.transfer.csv_export import BOM
from mailboxes.transfer.formulas import SIGNS, WIDE_SIGNS

# Where Excel is set to a language with a decimal comma, it splits at semicolons, for which the
# quotes around a cell mean nothing: what follows a semicolon, tab or line break starts a cell.
FORMULA = re.compile(
    rf"(^(?=[{WIDE_SIGNS}])"
    rf"|[;\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029][\s\"]*(?=[{WIDE_SIGNS}{SIGNS}]))"
)


class Echo:
    """A file that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_response(
    filename: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Stream the rows as a file to download; the name must be ASCII without quotes.

    The first row is read before the answer begins, so that a failing database gets its own page.
    """
    rows = iter(rows)
    first = list(islice(rows, 1))
    return streamed(filename, csv_lines(columns, chain(first, rows)))


def streamed(filename: str, pieces: Iterable[str]) -> StreamingHttpResponse:
    """Stream a file to download from its pieces."""
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield BOM
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Any) -> Any:
    """Put an apostrophe before what a spreadsheet could take for a formula within the text.

    The writer itself puts one before a text that starts like a formula. Leading white space is
    stripped, since spreadsheets look for a formula after it.
    """
    return FORMULA.sub(r"\1'", value.lstrip()) if isinstance(value, str) else value


def iso_time(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else ""
