"""Databases of other programs on MariaDB, read with an account that may only read."""

import gzip
import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from django.db import OperationalError

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
)
from mailboxes.inspection.lines import Line
from mailboxes.transfer.databases.products import find_reader
from mailboxes.transfer.databases.source import Source, parse_url
from tests.machine import Machine
from tests.servers import RUN, MariaDB

pytestmark = pytest.mark.stack
DATABASES = Path(__file__).resolve().parent.parent / "databases"
WRITTEN = ["howto", "iredmail", "ispmail", "mailcow", "modoboa", "postfixadmin", "vimbadmin"]
DUMPED = {
    "ispmail": {DomainRow: 1, MailboxRow: 1, AliasRow: 1},
    "vimbadmin3": {DomainRow: 1, MailboxRow: 1, AliasRow: 1},
    "postfixadmin40": {DomainRow: 6, MailboxRow: 23, AliasRow: 9, AliasDomainRow: 1},
}
"""How many rows the dumps of real installations have."""


@pytest.fixture
def mariadb(machine: Machine) -> MariaDB:
    """A server with an account that can only read the database of another program."""
    mariadb = MariaDB(machine)
    mariadb.query("CREATE USER reader@localhost IDENTIFIED BY 'reader';")
    mariadb.query("GRANT SELECT ON source.* TO reader@localhost;")
    return mariadb


def load(mariadb: MariaDB, sql: str) -> None:
    mariadb.query(
        "SET foreign_key_checks = 0; CREATE OR REPLACE DATABASE source CHARACTER SET latin1"
    )
    mariadb.query(f"SET sql_mode = ''; {sql}", "source")


def dump(mariadb: MariaDB) -> str:
    return mariadb.machine.run(["mariadb-dump", "--skip-dump-date", "source"]).stdout


def open_source(mariadb: MariaDB, prefix: str = "") -> Source:
    socket = mariadb.machine / f"{RUN}/mysqld.sock"
    url = f"mysql://reader@localhost/source?unix_socket={socket}"
    return Source(parse_url(url), "reader", prefix)


def read(source: Source) -> tuple[list[ImportRow], list[Line]]:
    reader = find_reader(source)
    with source.snapshot():
        rows = list(reader.read(source, reader.options()))
        return rows, reader.find_losses(source)


@pytest.mark.django_db
def test_mariadb_gives_the_same_rows_as_sqlite(mariadb: MariaDB, tmp_path: Path) -> None:
    for name in WRITTEN:
        prefix = "pfx_" if name == "postfixadmin" else ""
        sql = (DATABASES / f"{name}.sql").read_text()
        load(mariadb, sql)
        before = dump(mariadb)
        file = tmp_path / f"{name}.sqlite3"
        with sqlite3.connect(file) as connection:
            connection.executescript(sql)
        connection.close()
        source = open_source(mariadb, prefix)
        found = read(source)
        assert len(found[0]) > 3
        assert found == read(Source(parse_url(f"sqlite:///{file}"), prefix=prefix))
        source.close()
        after = dump(mariadb)
        assert after == before


@pytest.mark.django_db
def test_dumps_of_real_installations_are_read(mariadb: MariaDB) -> None:
    for name, expected in DUMPED.items():
        load(mariadb, gzip.decompress((DATABASES / f"{name}.sql.gz").read_bytes()).decode())
        source = open_source(mariadb)
        rows, _losses = read(source)
        assert Counter(map(type, rows)) == expected
        source.close()


@pytest.mark.django_db
def test_even_an_account_that_could_writes_nothing(mariadb: MariaDB) -> None:
    load(mariadb, (DATABASES / "howto.sql").read_text())
    mariadb.query("GRANT ALL ON source.* TO reader@localhost;")
    source = open_source(mariadb)
    for write in ("DELETE FROM {}users", "DROP TABLE {}users"):
        with pytest.raises(OperationalError, match="READ ONLY"):
            source.run(write)
        with source.snapshot(), pytest.raises(OperationalError, match="READ ONLY"):
            source.run(write)
    assert mariadb.query("SELECT COUNT(*) FROM users", "source") == "1\n"
    source.close()
