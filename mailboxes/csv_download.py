"""A list as CSV that is safe to open in a spreadsheet."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from defusedcsv import csv
from django.http import StreamingHttpResponse

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as another encoding."""


class Echo:
    """A file that returns each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_response(
    filename: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Stream the rows as a file to download; the name must be ASCII without quotes."""
    lines = csv_lines(columns, rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield BOM
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def cell(value: Any) -> Any:
    """Strip leading white space, since spreadsheets look for a formula after it.

    The writer itself puts an apostrophe before anything that starts like a formula.
    """
    return value.lstrip() if isinstance(value, str) else value


def iso_time(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z") if time else ""
