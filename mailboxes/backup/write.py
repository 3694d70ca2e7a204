"""Making a backup: a stream of bytes, in which each table is read once."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any

from django.db import DatabaseError, connections
from django.utils import timezone

from mailboxes.adoption.mark import database_name
from mailboxes.adoption.models import Adoption
from mailboxes.backup import archive, snapshot
from mailboxes.backup.tables import LEFT_OUT, applied, own_models
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.origin import foreign_tables
from mailboxes.panel import env_file, version

ROWS, BYTES = 1000, 500_000
"""How many rows, and how much of them, are kept in memory."""

encode = json.JSONEncoder(default=str).encode
"""Dates become text as SQLite has it, which MariaDB and MySQL read as well."""


def databases(panel_only: bool) -> list[str]:
    """Return the databases to back up; tables of others are not the panel's to restore."""
    if panel_only or is_adopted():
        return ["default"]
    if tables := foreign_tables():
        raise Refused(
            "The mail database contains tables that the panel didn't create (%(tables)s). Back it "
            "up with the program that they belong to, and the panel with --panel-only.",
            {"tables": ", ".join(tables)},
        )
    return ["default", "mail"]


def is_adopted() -> bool:
    with suppress(DatabaseError):  # the tables may be those of an older version
        return Adoption.objects.filter(pk=database_name()).exists()
    return False


def write(aliases: Sequence[str], manifest: archive.Manifest) -> Iterator[bytes]:
    """Yield the file, piece by piece, and complete its manifest."""
    output = BytesIO()
    writer = archive.Writer(output)
    if env_file().exists():
        writer.add(archive.SETTINGS, env_file().read_bytes())
    with snapshot.take(aliases) as snapshots:
        for alias in aliases:
            database = archive.Database(connections[alias].vendor, applied(alias))
            if not database.migrations:
                raise Refused("There are no tables yet. Create them first: ./deploy/run --setup")
            manifest.databases[alias] = database
            for model in own_models(alias, database.migrations):
                table, key = model._meta.db_table, str(model._meta.pk.column)
                if table in LEFT_OUT:
                    continue
                rows = snapshots[alias].rows(table, key)
                database.rows[table] = 0
                for number, (count, part) in enumerate(parts(rows)):
                    database.rows[table] += count
                    writer.add(archive.part_name(alias, table, number), part)
                    yield taken(output)
    writer.finish(manifest)
    yield taken(output)


def new_manifest() -> archive.Manifest:
    created = timezone.now().isoformat(timespec="seconds")
    return archive.Manifest(version(), created, mail_host().hostname)


def taken(output: BytesIO) -> bytes:
    """Return what was written, and forget it."""
    found = output.getvalue()
    output.seek(0)
    output.truncate()
    return found


def parts(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, bytes]]:
    """Yield the rows of a table in parts, each with its number of rows."""
    columns = list(next(rows))
    lines: list[str] = []
    size = 0
    for row in rows:
        lines.append(encode(row))
        size += len(lines[-1])
        if len(lines) == ROWS or size > BYTES:
            yield len(lines), archive.as_part(columns, lines)
            lines, size = [], 0
    if lines:
        yield len(lines), archive.as_part(columns, lines)
