"""Pages read the rows that they show, however large the tables are, on a real MariaDB."""

from pathlib import Path

import pytest

from tests.machine import Machine
from tests.mailhost import PANEL_ENV
from tests.servers import MariaDB

pytestmark = pytest.mark.stack

IN_PARTS = [
    "POST-/admin/mailboxes/domain/large5.example/rename/-",
]
"""Forms for which all rows of a domain are read in parts."""


def measured(machine: Machine, name: str) -> list[list[str]]:
    """Return for each page its name, the rows read when the tables are small, and when they are
    large, those of one statement, and its SQL if they are too many.
    """
    script: list[str | Path] = [machine.python, machine.checkout / "tests/growth.py", name]
    return [line.split(" ", 4) for line in machine.run(script, env=PANEL_ENV).stdout.splitlines()]


def rows_read(machine: Machine, name: str) -> dict[str, tuple[int, int]]:
    return {page: (int(rows), int(more)) for page, rows, more, *_ in measured(machine, name)}


def grown(found: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Return the pages that read more of tables ten times as large, beside a change of plan."""
    return {page: rows for page, rows in found.items() if rows[1] > rows[0] * 1.5 + 50}


def test_pages_of_the_log_read_no_more_rows_of_a_larger_log(
    machine: Machine, tables: MariaDB
) -> None:
    """Of a change of many rows, some are counted."""
    found = rows_read(machine, "log")
    assert grown(found) == {} and max(max(rows) for rows in found.values()) < 2000, found


def test_an_administrator_of_small_domains_reads_no_more_rows_beside_large_ones(
    machine: Machine, tables: MariaDB
) -> None:
    assert grown(rows_read(machine, "mailboxes")) == {}
    found = rows_read(machine, "mixed")
    assert grown(found) == {} and max(max(rows) for rows in found.values()) < 600, found


def test_no_page_of_a_superuser_reads_more_rows_of_larger_tables(
    machine: Machine, tables: MariaDB
) -> None:
    """Searches read more up to a limit; that of everything is three. No statement reads more than
    5,000 rows, in an adopted database neither; those of a bulk action change 500, with triggers.
    """
    found = measured(machine, "superuser")
    limits = {line[0]: 8000 if line[0].endswith("-confirmed") else 5000 for line in found}
    assert [line for line in found if int(line[3]) > limits[line[0]]] == []
    rows = {line[0]: (int(line[1]), int(line[2])) for line in found if line[0] not in IN_PARTS}
    pages = {page: read for page, read in rows.items() if not page.startswith("adopted")}
    assert 100 < len(pages) < len(rows) - 100
    assert grown({page: read for page, read in pages.items() if "q=" not in page}) == {}
    assert max(max(read) for page, read in pages.items() if "q=" in page) < 20_000, rows
