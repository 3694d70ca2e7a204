"""Imports mailboxes and their aliases beside LOAD DATA; stack/benchmarks.py runs this.

The arguments are the number of mailboxes, and `hashes`, or `clear` to import clear passwords, too.
Prints seconds, rows a second, ratios, and the memory that the import took at most. LOAD DATA gets
the same rows ready: those of mailboxes and aliases into tables without triggers and into the
panel's, and all that the import writes, also those of the lookup tables and of the log.
"""

import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
django.setup()

import MySQLdb  # noqa: E402
from django.db import connections  # noqa: E402

from mailboxes import actions  # noqa: E402
from mailboxes.access.scope import EVERYTHING  # noqa: E402
from mailboxes.actions.imports.outcomes import ImportOptions, Verb  # noqa: E402
from mailboxes.actions.imports.rows import DomainRow, ImportRow, MailboxRow  # noqa: E402
from mailboxes.audit.actors import COMMAND, Actor  # noqa: E402
from mailboxes.audit.models import Subject  # noqa: E402
from mailboxes.lookup_tables import tables as lookup_tables  # noqa: E402
from mailboxes.management.importing import processes  # noqa: E402

MAIL_TABLES = ("mailbox", "alias")
LOOKUP_TABLES = [model._meta.db_table for model in lookup_tables.TABLES]
TESTER = Actor(COMMAND, "tester", scope=EVERYTHING)
DOMAINS = 100


def hash_of(place: int) -> str:
    return f"{{CRAM-MD5}}{place:064x}"


def rows(number: int, passwords: str) -> Iterator[ImportRow]:
    for place in range(DOMAINS):
        yield DomainRow("", f"d{place:02}.example")
    for place in range(number):
        address = f"user{place:07}@d{place % DOMAINS:02}.example"
        password = f"four unrelated words {place:07}" if passwords == "clear" else ""
        stored = "" if password else hash_of(place)
        yield MailboxRow(f"line {place}", address, f"User {place}", 10**9, True, password, stored)


def empty() -> None:
    with connections["mail"].cursor() as cursor:
        for table in ("mailbox", "alias", "domain", *LOOKUP_TABLES):
            cursor.execute(f"TRUNCATE {table}")


def import_all(number: int, passwords: str) -> float:
    """Return the seconds that an import takes."""
    empty()
    begun, added = time.monotonic(), 0
    with processes() as mapper:
        source = rows(number, passwords)
        for result in actions.run_import(TESTER, lambda: source, ImportOptions(), mapper):
            added += sum(outcome.verb == Verb.CREATE for outcome in result.outcomes)
    assert added == number + DOMAINS, added
    return time.monotonic() - begun


def dump(using: str, table: str, folder: Path) -> Path:
    """Write the rows of a table as LOAD DATA reads them, in the order of its key."""
    file = folder / f"{table}.tsv"
    escapes = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})
    with connections[using].cursor() as cursor, file.open("w") as lines:
        cursor.execute(f"SELECT * FROM {table}")
        for row in cursor:
            values = ("\\N" if each is None else str(each).translate(escapes) for each in row)
            lines.write("\t".join(values) + "\n")
    return file


def load_data(using: str, files: dict[str, Path], live: bool = False) -> float:
    """Return the seconds that LOAD DATA takes for these rows, in copies of their tables.

    With `live`, it loads them into the tables themselves, which are empty, and whose triggers fill
    the lookup tables.
    """
    settings = connections[using].settings_dict
    server = MySQLdb.connect(
        host=settings["HOST"],
        port=int(settings["PORT"]),
        user=settings["USER"],
        password=settings["PASSWORD"],
        database=settings["NAME"],
        local_infile=True,
        charset="utf8mb4",
    )
    cursor = server.cursor()
    start = "" if live else "rates_"
    for table in () if live else files:
        cursor.execute(f"DROP TABLE IF EXISTS {start}{table}")
        cursor.execute(f"CREATE TABLE {start}{table} LIKE {table}")
    begun = time.monotonic()
    for table, file in files.items():
        cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {start}{table}")
    server.commit()
    seconds = time.monotonic() - begun
    for table in () if live else files:
        cursor.execute(f"DROP TABLE {start}{table}")
    return seconds


def main() -> None:
    number, passwords = int(sys.argv[1]), sys.argv[2]
    Subject.objects.all().delete()
    ours = import_all(number, "hashes")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    subject = Subject._meta.db_table
    with TemporaryDirectory() as name:
        mail = {table: dump("mail", table, Path(name)) for table in MAIL_TABLES}
        others = {table: dump("mail", table, Path(name)) for table in LOOKUP_TABLES}
        log = {subject: dump("default", subject, Path(name))}
        bare = load_data("mail", mail)
        everything = bare + load_data("mail", others) + load_data("default", log)
        empty()
        live = load_data("mail", mail, live=True)
    print(
        f"{number} mailboxes with their aliases: LOAD DATA {bare:.2f} s into tables without"
        f" triggers, {live:.2f} s into the panel's, {everything:.2f} s for all rows that an import"
        f" writes; import {ours:.2f} s ({number / ours:.0f} a second), {ours / bare:.1f},"
        f" {ours / live:.1f} and {ours / everything:.1f} times as long; {memory} MiB"
    )
    if passwords == "clear":
        clear = import_all(number, "clear")
        again = import_all(number, "hashes")
        print(f"with clear passwords {clear:.2f} s, and again with hashes {again:.2f} s")


if __name__ == "__main__":
    main()
