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
from tests.hashes import BCRYPT, CHEAP, SHA512_CRYPT
from tests.machine import Machine
from tests.mailhost import MailHost, Person, hosts
from tests.servers import RUN, MariaDB

pytestmark = pytest.mark.stack
DATABASES = Path(__file__).resolve().parent.parent / "databases"
WRITTEN = ["howto", "iredmail", "ispmail", "mailcow", "modoboa", "postfixadmin", "vimbadmin"]
DUMPED = {
    "ispmail": {DomainRow: 1, MailboxRow: 1, AliasRow: 1},
    "vimbadmin3": {DomainRow: 1, MailboxRow: 1, AliasRow: 1},
    "postfixadmin40": {DomainRow: 7, MailboxRow: 23, AliasRow: 9, AliasDomainRow: 1},
}
"""How many rows the dumps of real installations have."""
COLLATED = "MODIFY {} varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_{}_ci"
ODD_COLLATIONS = {
    "iredmail": (
        f"ALTER TABLE alias {COLLATED.format('address', 'unicode')}; ALTER TABLE forwardings "
        f"{COLLATED.format('address', 'general')}, {COLLATED.format('forwarding', 'unicode')};"
    ),
    "mailcow": (
        f"ALTER TABLE alias {COLLATED.format('address', 'general')}, "
        f"{COLLATED.format('goto', 'unicode')};"
    ),
}
BIT, ENUM = "bit(1)", "enum('0', '1', '2')"
FLAGS = {
    "iredmail": (
        *(("alias", ENUM, "active"), ("forwardings", ENUM, "active is_maillist")),
        *(("mailbox", ENUM, "active enablesmtp isadmin"), ("domain", ENUM, "active backupmx")),
    ),
    "mailcow": (
        *(("alias", ENUM, "active internal"), ("mailbox", ENUM, "active")),
        ("domain", ENUM, "active backupmx"),
    ),
    "modoboa": (
        *(("admin_alias", ENUM, "enabled internal"), ("admin_domain", BIT, "enabled")),
        *(("core_user", ENUM, "is_local totp_enabled is_superuser is_active"),),
        ("admin_mailbox", BIT, "is_send_only"),
    ),
    "postfixadmin": (
        *(("pfx_alias", ENUM, "active"), ("pfx_vacation", ENUM, "active")),
        *(("pfx_domain", ENUM, "active backupmx"), ("pfx_mailbox", BIT, "active")),
    ),
    "vimbadmin": (
        *(("mailbox", ENUM, "delete_pending"), ("mailbox", BIT, "active")),
        ("alias", BIT, "active"),
    ),
}
"""Which columns become flags of another type."""


def odd_tables(name: str) -> str:
    """Return what may have become of tables: columns with other collations and types.

    A number would become the value of an ENUM that has its place, a text the same value.
    """
    changes = [
        f"ALTER TABLE {table} {', '.join(f'MODIFY {column} {new}' for column in columns.split())};"
        for table, kind, columns in FLAGS.get(name, ())
        for new in (["varchar(9)", kind] if kind == ENUM else [kind])
    ]
    return f"{ODD_COLLATIONS.get(name, '')}{''.join(changes)}"


USUAL = [
    SHA512_CRYPT,
    BCRYPT,
    f"{{CRYPT}}{BCRYPT}",
    *(each for each in CHEAP if each.startswith(("{BLF", "{SHA512-CRYPT}", "{SHA256-CRYPT}"))),
    *(each for each in CHEAP if each.startswith(("{SSHA512}", "{SSHA}", "{CRAM-MD5}"))),
]
"""What these programs store on hosts of today."""


def read_sql(name: str) -> str:
    return (DATABASES / f"{name}.sql").read_text()


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
        sql = read_sql(name)
        load(mariadb, f"{sql}; {odd_tables(name)}")
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
    load(mariadb, read_sql("howto"))
    mariadb.query("GRANT ALL ON source.* TO reader@localhost;")
    source = open_source(mariadb)
    for write in ("DELETE FROM {}users", "DROP TABLE {}users"):
        with pytest.raises(OperationalError, match="READ ONLY"):
            source.run(write)
        with source.snapshot(), pytest.raises(OperationalError, match="READ ONLY"):
            source.run(write)
    assert mariadb.query("SELECT COUNT(*) FROM users", "source") == "1\n"
    rows = source.rows("SELECT email FROM users")
    next(rows)
    source.close()
    rows.close()  # as after an error, when the connection is gone already


@pytest.mark.parametrize("host", hosts(variant="v2", database="mariadb"), indirect=True)
def test_owners_sign_in_with_the_passwords_that_they_had(mail: MailHost) -> None:
    """Each hash is of the password `foo`, as one of the programs stores it."""
    stored = {f"box{number}@imported.test": text for number, text in enumerate(USUAL)}
    values = ", ".join(f"(1, '{address}', '{text}', 0)" for address, text in stored.items())
    load(mail.mariadb, read_sql("ispmail"))
    mail.mariadb.query(
        "DELETE FROM virtual_users; DELETE FROM virtual_aliases; DELETE FROM virtual_domains; "
        "INSERT INTO virtual_domains VALUES (1, 'imported.test'); "
        f"INSERT INTO virtual_users (domain_id, email, password, quota) VALUES {values};",
        "source",
    )
    mail.mariadb.query("CREATE OR REPLACE USER reader@localhost IDENTIFIED BY 'reader';")
    mail.mariadb.query("GRANT SELECT ON source.* TO reader@localhost;")
    password = {"SOURCE_DATABASE_PASSWORD": "reader"}
    url = "mysql://reader@localhost/source"
    done = mail.manage("importdatabase", url, "--yes", settings=password)
    try:
        for address in stored:
            assert mail.signs_in(Person(address, "foo")), address
    finally:
        undo = done.stdout.partition("importmailboxes ")[2].partition("\n")[0]
        mail.manage("importmailboxes", undo)
    assert not mail.signs_in(Person("box0@imported.test", "foo"))
