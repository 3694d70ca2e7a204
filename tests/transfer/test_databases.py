"""Rows of other programs' databases, nasty ones among them, as rows of an import."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connections

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
    Unreadable,
)
from mailboxes.addresses import NO_TARGET
from mailboxes.errors import Refused
from mailboxes.foreign_flags import is_true, with_conditions
from mailboxes.transfer.databases import (
    howto,
    iredmail,
    ispmail,
    mailcow,
    modoboa,
    postfixadmin,
    vimbadmin,
)
from mailboxes.transfer.databases.products import READERS, find_reader
from mailboxes.transfer.databases.reader import NO_NUMBER, Loss, Reader
from mailboxes.transfer.databases.source import Source, is_mail_database, parse_url

Open = Callable[..., Source]
DATABASES = Path(__file__).resolve().parent.parent / "databases"
BLF = "{BLF-CRYPT}$2y$05$cuNy3u5z60keFzffs4mJS.tkixkAGknzk6gib2O1f1oVuHTN6rT5m"
RELAY = "relay:[192.0.2.1]:26"
MD5 = "acbd18db4cc2f85cedef654fccc4a4d8"


def read_sql(name: str) -> str:
    return (DATABASES / f"{name}.sql").read_text() if name else ""


@pytest.fixture
def open_source(tables: None, tmp_path: Path) -> Iterator[Open]:
    """Return the function that fills a file and opens it as a source."""
    opened = []

    def fill(name: str, prefix: str = "", more: str = "") -> Source:
        path = tmp_path / "source.sqlite3"
        with sqlite3.connect(path) as connection:
            connection.executescript(f"{read_sql(name)}; {more}")
        connection.close()
        opened.append(Source(parse_url(f"sqlite:///{path}"), prefix=prefix))
        return opened[-1]

    yield fill
    for source in opened:
        source.close()


def read(source: Source, name: str = "", **options: Any) -> tuple[Reader, list[ImportRow]]:
    reader = find_reader(source, name)
    with source.snapshot():
        return reader, list(reader.read(source, reader.options(**options)))


def losses(reader: Reader, source: Source) -> dict[str, tuple[Any, ...]]:
    lines = reader.find_losses(source)
    return {str(line.label): (line.value, *line.examples) for line in lines}


def test_rows_of_ispmail(open_source: Open) -> None:
    source = open_source("ispmail")
    reader, rows = read(source)
    assert reader.product == "ISPmail" and losses(reader, source) == {}
    assert rows == [
        DomainRow("virtual_domains 1", "Example.org"),
        DomainRow("virtual_domains 2", ""),
        MailboxRow("virtual_users 1", "Anna@example.org", quota=1000, stored=MD5),
        MailboxRow("virtual_users 2", "bob@example.org", quota=0),
        MailboxRow("virtual_users 3", "eve@example.org", quota=0, stored="geheim"),
        AliasRow("virtual_aliases @example.org", "@example.org", ("anna@example.org",)),
        AliasRow("virtual_aliases bob@example.org", "bob@example.org", ("eve@example.org",)),
        AliasRow(
            "virtual_aliases info@example.org",
            "info@example.org",
            ("BOB@example.org", "x@elsewhere.example"),
        ),
        AliasRow("virtual_aliases müller@example.org", "müller@example.org", ("a@b.example",)),
        AliasRow("virtual_aliases pipe@example.org", "pipe@example.org", ('"|/usr/bin/list, x"',)),
        Unreadable("virtual_aliases void@example.org", "void@example.org", NO_TARGET, {}),
    ]


def test_rows_of_the_howto(open_source: Open) -> None:
    source = open_source("howto")
    reader, rows = read(source)
    assert losses(reader, source) == {"Transports": (1, "example.org")}
    assert rows == [
        DomainRow("domains example.org", "example.org"),
        MailboxRow("users anna@example.org", "anna@example.org", quota=0, stored="abQ9KY.KfrYrc"),
        AliasRow("forwardings @example.org", "@example.org", ("anna@example.org",)),
        AliasRow(
            "forwardings info@example.org", "info@example.org", ("anna@example.org", "a@b.example")
        ),
    ]


def test_rows_of_postfixadmin_whose_tables_have_a_prefix(open_source: Open) -> None:
    source = open_source("postfixadmin", "pfx_")
    reader, rows = read(source)
    assert losses(reader, source) == {
        "Domains with another transport": (1, "off.example"),
        "Active vacation messages": (1, "bob@example.org"),
    }
    assert rows == [
        DomainRow("domain example.org", "example.org", "Line two", 10, None, None, True),
        DomainRow("domain mx.example", "mx.example", "", 0, None, 0, True, 0, "virtual", True),
        DomainRow("domain off.example", "off.example", "", 0, 0, 0, False, 0),
        MailboxRow(
            "mailbox anna@example.org",
            "anna@example.org",
            "Anna Berg",
            20480000,
            True,
            "",
            BLF,
            "example.org/anna/",
        ),
        MailboxRow("mailbox bob@example.org", "bob@example.org", "", 0, False, stored="x"),
        MailboxRow("mailbox eve@example.org", "eve@example.org", "", 0, True, stored="x"),
        AliasRow("alias eve@example.org", "eve@example.org", ("a@b.example",), None),
        AliasRow("alias listed@mx.example", "listed@mx.example", ("Listed@mx.example",), True),
        AliasRow("alias root@example.org", "root@example.org", ("root",), True),
        AliasDomainRow("alias_domain example.net", "example.net", "example.org", True),
    ]


def test_rows_of_vimbadmin(open_source: Open) -> None:
    source = open_source("vimbadmin")
    reader, rows = read(source, default_scheme="SHA1")
    assert losses(reader, source) == {
        "Mailboxes about to be deleted": (1, "gone@example.org"),
        "Mailboxes that may only use some services": (1, "bob@example.org"),
        "Administrators": (1, "root@example.org"),
    }
    assert rows == [
        DomainRow("domain 1", "example.org", "", 5, 0, 2000, True, 5000),
        DomainRow("domain 2", "mx.example", "", 0, None, 0, True, 0, "virtual", True),
        MailboxRow("mailbox 1", "anna@example.org", "Anna", 1000, True, stored=BLF),
        MailboxRow(
            "mailbox 2",
            "bob@example.org",
            "",
            2000,
            False,
            "",
            "{SHA1}C+7Hteo/D9vJXQ3UfzxbwnXaijM=",
        ),
        AliasRow("alias 2", "info@example.org", ("anna@example.org", "a@b.example"), False),
    ]


def test_rows_of_iredmail(open_source: Open) -> None:
    source = open_source("iredmail")
    reader, rows = read(source)
    assert losses(reader, source) == {
        "Mailboxes that expire or have expired": (1, "bob@example.org"),
        "Mailboxes that may not send (enablesmtp)": (1, "anna@example.org"),
        "Mailing lists": (1, "list@example.org"),
        "Aliases that only some senders may write to": (1, "team@example.org"),
        "Mailboxes whose owners are administrators": (1, "anna@example.org"),
    }
    assert rows == [
        DomainRow("domain example.org", "example.org", "", 0, 0, None, True),
        DomainRow("domain mx.example", "mx.example", "", 0, None, None, True, 0, RELAY, False),
        MailboxRow(
            "mailbox anna@example.org",
            "anna@example.org",
            "Anna",
            2 * 2**20,
            True,
            stored="{SSHA512}x",
        ),
        MailboxRow("mailbox bob@example.org", "bob@example.org", "", 0, False, stored="x"),
        AliasRow(
            "forwardings a.berg@example.org", "a.berg@example.org", ("anna@example.org",), True
        ),
        AliasRow(
            "forwardings anna@example.org",
            "anna@example.org",
            ("anna@example.org", "a@b.example"),
            True,
        ),
        AliasRow("forwardings @example.org", "@example.org", ("anna@example.org",), True),
        AliasRow(
            "forwardings listed@mx.example", "listed@mx.example", ("listed@mx.example",), True
        ),
        AliasRow("forwardings old@example.org", "old@example.org", ("anna@example.org",), False),
        AliasRow("forwardings team@example.org", "team@example.org", ("anna@example.org",), True),
        DomainRow("alias_domain example.net (domain)", "example.net", active=False),
        AliasDomainRow("alias_domain example.net", "example.net", "example.org", False),
    ]


def test_rows_of_modoboa(open_source: Open) -> None:
    source = open_source("modoboa")
    reader, rows = read(source)
    assert losses(reader, source) == {
        "Domains that are only relayed": (1, "mx.example"),
        "Mailboxes that only send": (1, "anna"),
        "Aliases that expire or have expired": (1, "@example.org"),
        "Accounts of an LDAP directory": (1, "bob@example.org"),
        "Second factors": (1, "anna@example.org"),
        "Administrators": (1, "admin"),
    }
    assert rows == [
        DomainRow("admin_domain 1", "example.org", active=True),
        MailboxRow(
            "admin_mailbox 1",
            "anna@example.org",
            "Anna Berg",
            2 * 2**20,
            True,
            "",
            "{SHA512-CRYPT}x",
        ),
        MailboxRow("admin_mailbox 2", "bob@example.org", "", 0, False),
        AliasRow("admin_alias @example.org", "@example.org", ("bob@example.org",), True),
        AliasRow(
            "admin_alias anna@example.org",
            "anna@example.org",
            ("anna@example.org", "a@b.example"),
            True,
        ),
        AliasRow("admin_alias info@example.org", "info@example.org", ("anna@example.org",), False),
        DomainRow("admin_domainalias 1 (domain)", "example.net", active=True),
        AliasDomainRow("admin_domainalias 1", "example.net", "example.org", True),
    ]


def test_rows_of_mailcow(open_source: Open) -> None:
    source = open_source("mailcow")
    reader, rows = read(source)
    assert "encrypts the mail" in reader.notes[0]
    assert losses(reader, source) == {
        "Domains for which the host is only a backup MX": (1, "mx.example"),
        "Domains with a relay host": (1, "mx.example"),
        "Resources (rooms, equipment)": (1, "room@example.org"),
        "Mailboxes that sign in elsewhere (authsource)": (1, "bob@example.org"),
        "Mailboxes that only receive mail (active = 2)": (1, "eve@example.org"),
        "Mailboxes without IMAP, POP3, SMTP or Sieve": (1, "anna@example.org"),
        "Aliases that discard mail or train the spam filter": (1, "no@example.org"),
        "Aliases for local senders only (internal)": (1, "team@example.org"),
        "App passwords": (2, "anna@example.org"),
    }
    assert rows == [
        DomainRow("domain example.org", "example.org", "x", 10, None, None, True),
        MailboxRow(
            "mailbox anna@example.org", "anna@example.org", "Anna", 1048576, True, stored=BLF
        ),
        MailboxRow("mailbox bob@example.org", "bob@example.org", "", 0, True),
        MailboxRow("mailbox eve@example.org", "eve@example.org", "", 0, True),
        MailboxRow("mailbox off@example.org", "off@example.org", "", 0, False, stored=BLF),
        AliasRow("alias 3", "team@example.org", ("a@b.example",), False),
        DomainRow("alias_domain example.net (domain)", "example.net", active=True),
        AliasDomainRow("alias_domain example.net", "example.net", "example.org", True),
    ]


@pytest.mark.parametrize(
    ("value", "scheme", "password", "stored"),
    [
        ("foo", "PLAIN", "foo", ""),
        ("abQ9KY.KfrYrc", "CLEARTEXT", "abQ9KY.KfrYrc", ""),
        ("{SHA}x", "PLAIN", "", "{SHA}x"),
        (MD5, "SHA512-CRYPT", "", MD5),
        ("x" * 64, "CRAM-MD5", "", f"{{CRAM-MD5}}{'x' * 64}"),
        ("", "CRAM-MD5", "", ""),
    ],
)
def test_the_default_scheme_is_added_where_a_password_has_none(
    open_source: Open, value: str, scheme: str, password: str, stored: str
) -> None:
    user = f"INSERT INTO users VALUES ('new@example.org', '{value}')"
    _reader, rows = read(open_source("howto", more=user), default_scheme=scheme)
    [found] = [row for row in rows if getattr(row, "address", "") == "new@example.org"]
    assert isinstance(found, MailboxRow) and (found.password, found.stored) == (password, stored)


LIMITS = {
    "iredmail": ("mailboxes", "aliases", "maxquota"),
    "mailcow": ("mailboxes", "aliases", "maxquota", "quota"),
    "postfixadmin": ("mailboxes", "aliases", "maxquota", "quota"),
    "vimbadmin": ("max_mailboxes", "max_aliases", "max_quota", "quota"),
}
"""The columns of a domain with a limit."""


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_that_is_no_number_only_stops_its_domain(open_source: Open, name: str) -> None:
    value, prefix = "many", "pfx_" if name == "postfixadmin" else ""
    source = open_source(name, prefix)
    expected = read(source)[1]
    first = expected[0]
    assert isinstance(first, DomainRow) and first.name == "example.org"
    for column in LIMITS[name]:
        change = f"UPDATE {prefix}domain SET {column} = '{value}' WHERE domain = 'example.org'"
        rows = read(open_source("", prefix, more=change))[1]
        refused = Unreadable(first.place, "example.org", NO_NUMBER, {"text": value})
        assert rows == [refused, *expected[1:]], column
        restore = f"UPDATE {prefix}domain SET {column} = 0 WHERE domain = 'example.org'"
        open_source("", prefix, more=restore)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        *(("howto", "users.email"), ("ispmail", "virtual_users.email")),
        *((name, "mailbox.username") for name in ("iredmail", "mailcow", "vimbadmin")),
        ("postfixadmin", "pfx_mailbox.username"),
    ],
)
def test_a_quota_that_is_no_number_only_stops_its_mailbox(
    open_source: Open, name: str, column: str
) -> None:
    table, _dot, address = column.partition(".")
    prefix = "pfx_" if name == "postfixadmin" else ""
    extra = f"ALTER TABLE {table} ADD quota;" if name == "howto" else ""
    place = f"WHERE {address} LIKE '%anna%'"
    before = read(open_source(name, prefix, more=f"{extra} UPDATE {table} SET quota = 1 {place}"))
    change = f"UPDATE {table} SET quota = '10 quintals' {place}"
    after = read(open_source("", prefix, more=change))
    [(old, new)] = [pair for pair in zip(before[1], after[1], strict=True) if pair[0] != pair[1]]
    assert isinstance(old, MailboxRow)
    assert new == Unreadable(old.place, old.address, NO_NUMBER, {"text": "10 quintals"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(("unlimited", 0), ("", 0), ("-1", 0), (-1, 0), (None, 0), (" 12 ", 12 * 2**20)),
        *(("10 GB", 10 * 2**30), ("1,5G", 3 * 2**29), (b"5M", 5 * 2**20), ("No limit", 0)),
    ],
)
def test_a_quota_may_have_a_unit_or_be_unlimited(
    open_source: Open, value: object, expected: int
) -> None:
    source = open_source("mailcow")
    source.close()
    with sqlite3.connect(
        source.connection.settings_dict["NAME"].removeprefix("file:").removesuffix("?mode=ro")
    ) as connection:
        connection.execute("UPDATE mailbox SET quota = 1")
        connection.execute("UPDATE domain SET quota = ? WHERE domain = 'example.org'", [value])
    connection.close()
    rows = read(source)[1]
    assert isinstance(rows[0], DomainRow) and rows[0].total_quota == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((b"\x00", False), (b"\x01", True), (b"0", False), (b"1", True), (None, False)),
        *(("0", False), ("1", True), ("N", False), ("Y", True), (0, False), (2, True)),
        *((" no ", False), ("Off", False), ("on", True), ("\x00", False)),
    ],
)
def test_bits_and_words_are_flags_in_python_and_in_sql(value: object, expected: bool) -> None:
    assert is_true(value) is expected
    if not isinstance(value, bytes):  # SQLite has no BIT
        select = with_conditions("SELECT {on x}, {off x} FROM (SELECT ? AS x)")
        with sqlite3.connect(":memory:") as connection:
            assert connection.execute(select, [value]).fetchone() == (expected, not expected)
        connection.close()


def test_no_number_is_compared_with_a_flag() -> None:
    """MySQL would compare the place of an ENUM's value with it."""
    statements = [
        sql
        for module in (howto, iredmail, ispmail, mailcow, modoboa, postfixadmin, vimbadmin)
        for sql in vars(module).values()
        if isinstance(sql, str)
    ]
    conditions = [loss.where for reader in READERS.values() for loss in reader.losses]
    found = [sql for sql in statements + conditions if re.search(r"\w (=|<>) ?[0-9]", sql)]
    assert set(found) == {Loss.where}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://reader:geheim@host/vmail", "password_in_url"),
        ("mysql://:geheim@host/vmail", "password_in_url"),
        ("mysql://host/", "url"),
        ("mysql://host:port/vmail", "url"),
        ("mysql://host/vmail?read_default_file=/etc/x", "url"),
        ("postgres://host/modoboa", "url"),
        ("sqlite://nowhere/at/all.sqlite3", "url"),
        ("vmail", "url"),
        ("", "url"),
        ("sqlite:////nowhere/at/all.sqlite3", "no_file"),
        (f"sqlite:////{'x' * 300}", "no_file"),
        ("sqlite:////x\0", "no_file"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_url(url)
    assert refusal.value.code == code and "geheim" not in str(refusal.value)


def test_what_cannot_be_read_is_left_out_or_refused(open_source: Open) -> None:
    view = "DROP TABLE {0}; CREATE VIEW {0} AS SELECT * FROM gone"
    expected = read(open_source("howto"))[1]
    source = open_source("", more=view.format("transport"))
    reader, rows = read(source)
    assert rows == expected
    assert losses(reader, source) == {"transport": ("no such table: main.gone",)}
    for name in ("", "howto"):
        for table in ("users", "forwardings"):
            broken = open_source("", more=f"DROP VIEW transport; {view.format(table)}")
            with pytest.raises(Refused, match=f"“{table}” can't be read.*no such table: main.gone"):
                find_reader(broken, name)
            open_source("", more=f"DROP VIEW {table}; CREATE TABLE {table} (source, destination)")
            open_source("", more="CREATE VIEW transport AS SELECT 1")


@pytest.mark.parametrize(
    ("database", "more", "name", "prefix", "code"),
    [
        ("", "", "", "", "no_tables"),
        ("", "CREATE TABLE customers (id)", "", "", "unknown"),
        ("postfixadmin", "", "", "", "unknown"),
        ("postfixadmin", "", "", "p'x", "prefix"),
        ("howto", "", "mailcow", "", "columns"),
        ("", "CREATE TABLE forwardings (source, destination)", "", "", "columns"),
    ],
)
def test_tables_that_are_not_understood_are_refused(
    open_source: Open, database: str, more: str, name: str, prefix: str, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        find_reader(open_source(database, prefix, more), name)
    assert refusal.value.code == code


def test_the_panels_own_mail_database_is_refused(
    open_source: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mail = connections["mail"].settings_dict
    monkeypatch.setitem(mail, "NAME", tmp_path / "source.sqlite3")
    with pytest.raises(Refused) as refusal:
        open_source("howto")
    assert refusal.value.code == "same"
    open_source("postfixadmin", "pfx_")
    mysql = {"ENGINE": "django.db.backends.mysql", "NAME": "mail", "HOST": "", "PORT": ""}
    for name, value in mysql.items():
        monkeypatch.setitem(mail, name, value)
    assert is_mail_database(parse_url("mysql://reader@localhost:3306/mail"))
    assert not is_mail_database(parse_url("mysql://reader@localhost/vmail"))


def test_nothing_can_be_written_to_a_source(open_source: Open) -> None:
    source = open_source("howto")
    with source.snapshot(), pytest.raises(OperationalError, match="readonly"):
        source.run("DELETE FROM {}users")
