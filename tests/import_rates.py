"""Imports mailboxes and their aliases beside LOAD DATA; stack/benchmarks.py runs this.

The arguments are the number of mailboxes, and the passwords: `hashes` or `clear`. Prints seconds,
rows a second, the ratio of the two, and the memory that the import took at most.
"""

import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

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
from mailboxes.lookup_tables import tables as lookup_tables  # noqa: E402
from mailboxes.management.importing import processes  # noqa: E402

LOOKUP_TABLES = [model._meta.db_table for model in lookup_tables.TABLES]
TESTER = Actor(COMMAND, "tester", scope=EVERYTHING)
DOMAINS, TIME = 100, "2026-01-01 00:00:00"
COLUMNS = {
    "mailbox": "username, password, name, maildir, quota, local_part, domain, created, modified",
    "alias": "address, goto, domain, created, modified",
}


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


def load_data(number: int) -> float:
    """Return the seconds that LOAD DATA takes for the same ready rows."""
    empty()
    files = {table: Path(f"/tmp/{table}.tsv") for table in COLUMNS}
    with files["mailbox"].open("w") as mailboxes, files["alias"].open("w") as aliases:
        for row in rows(number, "hashes"):
            if isinstance(row, MailboxRow):
                name, _, domain = row.address.partition("@")
                end = f"{domain}\t{TIME}\t{TIME}\n"
                mailboxes.write(f"{row.address}\t{row.stored}\t{row.name}\t{domain}/{name}/\t")
                mailboxes.write(f"{row.quota}\t{name}\t{end}")
                aliases.write(f"{row.address}\t{row.address}\t{end}")
    settings = connections["mail"].settings_dict
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
    cursor.execute("SET @lookup_pause = 1")
    begun = time.monotonic()
    for table, file in files.items():
        cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE {table} ({COLUMNS[table]})")
    server.commit()
    return time.monotonic() - begun


def import_all(number: int, passwords: str) -> float:
    empty()
    begun, added = time.monotonic(), 0
    with processes() as mapper:
        source = rows(number, passwords)
        for result in actions.run_import(TESTER, lambda: source, ImportOptions(), mapper):
            added += sum(outcome.verb == Verb.CREATE for outcome in result.outcomes)
    assert added == number + DOMAINS, added
    return time.monotonic() - begun


def main() -> None:
    number, passwords = int(sys.argv[1]), sys.argv[2]
    before = load_data(number)
    ours = import_all(number, passwords)
    floor = (before + load_data(number)) / 2
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{number} mailboxes with {passwords}: LOAD DATA {floor:.2f} s, import {ours:.2f} s"
        f" ({number / ours:.0f} a second), ratio {ours / floor:.1f}, {memory} MiB"
    )


if __name__ == "__main__":
    main()
