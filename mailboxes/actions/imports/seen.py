"""What an import has read so far, on disk: a source may have millions of rows."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Name = tuple[str, str]
"""The kind of a row, as in the log, and its key in lower case."""


class Place(NamedTuple):
    """Where a name was read first, and whether the import adds its row."""

    text: str
    is_added: bool = False


class Seen:
    """The place of each name read so far, in a temporary file that SQLite removes by itself."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("")
        self.database.execute(
            "CREATE TABLE seen (kind TEXT, key TEXT, place TEXT, is_added INTEGER,"
            " PRIMARY KEY (key, kind)) WITHOUT ROWID"
        )

    def places(self, keys: Iterable[str]) -> dict[Name, Place]:
        """Return the places of those names with one of the keys that were read before."""
        rows = self.database.execute(
            "SELECT kind, key, place, is_added FROM seen"
            " WHERE key IN (SELECT value FROM json_each(?))",
            [json.dumps([*keys])],
        )
        return {(kind, key): Place(text, bool(is_added)) for kind, key, text, is_added in rows}

    def add(self, places: Mapping[Name, Place]) -> None:
        rows = [(*name, *place) for name, place in places.items()]
        with self.database:  # one transaction: one for each row takes twice as long
            self.database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", rows)
