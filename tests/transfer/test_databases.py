"""Rows of other programs' databases, nasty ones among them, as rows of an import."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
)
from mailboxes.errors import Refused
from mailboxes.transfer.databases.products import find_reader
from mailboxes.transfer.databases.reader import Options, Reader
from mailboxes.transfer.databases.source import Source, parse_url

Open = Callable[..., Source]
BLF = "{BLF-CRYPT}$2y$05$cuNy3u5z60keFzffs4mJS.tkixkAGknzk6gib2O1f1oVuHTN6rT5m"
MD5 = "acbd18db4cc2f85cedef654fccc4a4d8"

ISPMAIL = """
CREATE TABLE virtual_domains (id, name);
CREATE TABLE virtual_users (id, domain_id, email, password, quota);
CREATE TABLE virtual_aliases (id, domain_id, source, destination);
INSERT INTO virtual_domains VALUES (1, 'Example.org '), (2, NULL);
INSERT INTO virtual_users VALUES
  (1, 1, ' Anna@example.org ', '$MD5', 1000), (2, 1, 'bob@example.org', NULL, NULL),
  (3, 1, 'eve@example.org', 'geheim', -5);
INSERT INTO virtual_aliases VALUES
  (1, 1, 'info@example.org', 'bob@example.org'), (2, 1, 'INFO@example.org ', 'x@elsewhere.example'),
  (3, 1, 'müller@example.org', 'a@b.example'), (4, 1, 'info@example.org', 'BOB@example.org'),
  (5, 1, '@example.org', 'anna@example.org'), (6, 1, 'anna@example.org', 'anna@example.org'),
  (7, 1, 'bob@example.org', 'eve@example.org'), (8, 1, 'void@example.org', NULL),
  (9, 1, 'pipe@example.org', '"|/usr/bin/list, x"');
"""
HOWTO = """
CREATE TABLE domains (domain);
CREATE TABLE users (email, password);
CREATE TABLE forwardings (source, destination);
CREATE TABLE transport (domain, transport);
INSERT INTO domains VALUES ('example.org');
INSERT INTO users VALUES ('anna@example.org', 'abQ9KY.KfrYrc');
INSERT INTO forwardings VALUES ('info@example.org', 'anna@example.org, a@b.example,,a@b.example'),
  ('anna@example.org', 'Anna@example.org'), ('@example.org', 'anna@example.org');
INSERT INTO transport VALUES ('example.org', 'smtp:[192.0.2.1]');
"""
POSTFIXADMIN = """
CREATE TABLE pfx_domain (domain, description, mailboxes, aliases, maxquota, quota, transport,
  backupmx, active);
CREATE TABLE pfx_mailbox (username, password, name, maildir, quota, active);
CREATE TABLE pfx_alias (address, goto, active);
CREATE TABLE pfx_alias_domain (alias_domain, target_domain, active);
CREATE TABLE pfx_vacation (email, active);
CREATE TABLE other (id);
INSERT INTO pfx_domain VALUES ('ALL', '', 0, 0, 0, 0, '', 0, 1),
  ('example.org', 'Line
two', 10, -1, 2, 100, 'virtual', 0, 1), ('mx.example', '', 0, 0, -1, 0, 'relay', 1, 1),
  ('off.example', NULL, 0, 0, -1, 0, 'virtual', 0, 0);
INSERT INTO pfx_mailbox VALUES
  ('anna@example.org', '$BLF', 'Anna Berg', 'example.org/anna/', 20480000, 1),
  ('bob@example.org', 'x', NULL, '/srv/mail/bob/', -1, 0),
  ('eve@example.org', 'x', '', '../eve/', 0, 2);
INSERT INTO pfx_alias VALUES ('anna@example.org', 'anna@example.org', 1),
  ('bob@example.org', 'bob@example.org,bob#example.org@autoreply.example.org', 1),
  ('eve@example.org', 'a@b.example', 0), ('root@example.org', 'root', 1);
INSERT INTO pfx_alias_domain VALUES ('example.net', 'example.org', 1);
INSERT INTO pfx_vacation VALUES ('bob@example.org', 1), ('eve@example.org', 0);
"""
VIMBADMIN = """
CREATE TABLE domain (id, domain, description, max_mailboxes, max_aliases, max_quota, quota,
  transport, backupmx, active);
CREATE TABLE mailbox (id, Domain_id, username, password, name, quota, active, delete_pending,
  access_restriction, homedir, maildir);
CREATE TABLE alias (id, Domain_id, address, goto, active);
CREATE TABLE admin (id, username);
INSERT INTO domain VALUES (1, 'example.org', NULL, 5, 0, 2000, 0, 'virtual', 0, 1),
  (2, 'mx.example', NULL, 0, 0, 0, 0, 'virtual', 1, 1);
INSERT INTO mailbox VALUES
  (1, 1, 'anna@example.org', '$BLF', 'Anna', 1000, 1, 0, 'ALL', '/srv/vmail/x', 'maildir:/srv/x'),
  (2, 1, 'bob@example.org', 'C+7Hteo/D9vJXQ3UfzxbwnXaijM=', NULL, 0, 0, NULL, 'IMAP', NULL, NULL),
  (3, 1, 'gone@example.org', 'x', NULL, 0, 1, 1, 'ALL', NULL, NULL);
INSERT INTO alias VALUES (1, 1, 'anna@example.org', 'anna@example.org', 1),
  (2, 1, 'info@example.org', 'anna@example.org,a@b.example', 0);
INSERT INTO admin VALUES (1, 'root@example.org');
"""
IREDMAIL = """
CREATE TABLE domain (domain, description, mailboxes, aliases, maxquota, transport, backupmx,
  active);
CREATE TABLE mailbox (username, password, name, storagebasedirectory, quota, active, enablesmtp,
  expired, isadmin, isglobaladmin);
CREATE TABLE alias (address, accesspolicy, active);
CREATE TABLE forwardings (id, address, forwarding, is_maillist, is_list, is_forwarding, is_alias,
  active);
CREATE TABLE alias_domain (alias_domain, target_domain, active);
CREATE TABLE maillists (address);
INSERT INTO domain VALUES ('example.org', NULL, 0, 0, 1024, 'dovecot', 0, 1),
  ('mx.example', '', 0, 0, 0, 'smtp:x', 1, 1);
INSERT INTO mailbox VALUES
  ('anna@example.org', '{SSHA512}x', 'Anna', '/var/vmail', 2, 1, 0, '9999-12-31', 1, 0),
  ('bob@example.org', 'x', '', '/var/vmail', 0, 0, 1, '2020-01-01', 0, 0);
INSERT INTO alias VALUES ('team@example.org', 'membersonly', 1), ('old@example.org', '', 0);
INSERT INTO forwardings VALUES (1, 'anna@example.org', 'anna@example.org', 0, 0, 1, 0, 1),
  (2, 'team@example.org', 'anna@example.org', 0, 1, 0, 0, 1),
  (3, 'team@example.org', 'bob@example.org', 0, 1, 0, 0, 0),
  (4, 'old@example.org', 'anna@example.org', 0, 1, 0, 0, 1),
  (5, 'a.berg@example.org', 'anna@example.org', 0, 0, 0, 1, 1),
  (6, 'example.org', 'anna@example.org', 0, 0, 0, 0, 1),
  (7, 'list@example.org', 'list@example.org', 1, 0, 0, 0, 1),
  (8, 'anna@example.org', 'a@b.example', 0, 0, 1, 0, 1);
INSERT INTO alias_domain VALUES ('example.net', 'example.org', 0);
INSERT INTO maillists VALUES ('list@example.org');
"""
MODOBOA = """
CREATE TABLE core_user (id, username, password, first_name, last_name, is_active, is_local,
  is_superuser, totp_enabled);
CREATE TABLE admin_domain (id, name, enabled, type, quota);
CREATE TABLE admin_domainalias (id, name, target_id, enabled);
CREATE TABLE admin_mailbox (id, address, quota, domain_id, user_id, is_send_only);
CREATE TABLE admin_alias (id, address, enabled, internal, expire_at);
CREATE TABLE modoboa_admin_aliasrecipient (id, address, alias_id);
INSERT INTO core_user VALUES (1, 'admin', 'x', '', '', 1, 1, 1, 0),
  (2, 'anna@example.org', '{SHA512-CRYPT}x', 'Anna', 'Berg', 1, 1, 0, 1),
  (3, 'bob@example.org', 'x', '', '', 0, 0, 0, 0);
INSERT INTO admin_domain VALUES (1, 'example.org', 1, 'domain', 0), (2, 'mx.example', 1,
  'relaydomain', 0);
INSERT INTO admin_domainalias VALUES (1, 'example.net', 1, 1);
INSERT INTO admin_mailbox VALUES (1, 'anna', 2, 1, 2, 1), (2, 'bob', 0, 1, 3, 0);
INSERT INTO admin_alias VALUES (1, 'anna@example.org', 1, 1, NULL),
  (2, 'anna@example.org', 1, 0, NULL), (3, '@example.net', 1, 1, NULL),
  (4, 'info@example.org', 0, 0, NULL), (5, '@example.org', 1, 0, '2020-01-01');
INSERT INTO modoboa_admin_aliasrecipient VALUES (1, 'anna@example.org', 1), (2, 'a@b.example', 2),
  (3, '@example.org', 3), (4, 'anna@example.org', 4), (5, 'bob@example.org', 5);
"""
MAILCOW = """
CREATE TABLE domain (domain, description, mailboxes, aliases, maxquota, quota, relayhost, backupmx,
  active);
CREATE TABLE mailbox (username, password, name, quota, attributes, kind, authsource, active);
CREATE TABLE alias (id, address, goto, internal, active);
CREATE TABLE alias_domain (alias_domain, target_domain, active);
CREATE TABLE app_passwd (mailbox);
INSERT INTO domain VALUES ('example.org', 'x', 10, 0, 3, 100, '0', 0, 1),
  ('mx.example', '', 0, 0, 0, 0, '1', 1, 1);
INSERT INTO mailbox VALUES
  ('anna@example.org', '$BLF', 'Anna', 1048576, '{"imap_access": "0"}', '', 'mailcow', 1),
  ('bob@example.org', 'x', NULL, 0, '{"imap_access":"1","x":"0"}', '', 'ldap', 1),
  ('eve@example.org', '$BLF', NULL, 0, NULL, '', 'mailcow', 2),
  ('off@example.org', '$BLF', NULL, 0, NULL, '', 'mailcow', 0),
  ('room@example.org', 'x', 'Room', 0, NULL, 'location', 'mailcow', 1);
INSERT INTO alias VALUES (1, 'anna@example.org', 'anna@example.org', 0, 1),
  (2, 'no@example.org', 'null@localhost', 0, 1), (3, 'team@example.org', 'a@b.example', 1, 0);
INSERT INTO alias_domain VALUES ('example.net', 'example.org', 1);
INSERT INTO app_passwd VALUES ('anna@example.org'), ('anna@example.org');
"""


@pytest.fixture
def open_source(tables: None, tmp_path: Path) -> Iterator[Open]:
    """Return the function that fills a file and opens it as a source."""
    opened = []

    def fill(sql: str, prefix: str = "") -> Source:
        path = tmp_path / "source.sqlite3"
        with sqlite3.connect(path) as connection:
            connection.executescript(sql.replace("$BLF", BLF).replace("$MD5", MD5))
        connection.close()
        opened.append(Source(parse_url(f"sqlite:///{path}"), prefix=prefix))
        return opened[-1]

    yield fill
    for source in opened:
        source.close()


def read(source: Source, name: str = "", **options: Any) -> tuple[Reader, list[ImportRow]]:
    reader = find_reader(source, name)
    found = Options(**{"unit": reader.unit, **options})
    with source.snapshot():
        return reader, list(reader.read(source, found))


def losses(reader: Reader, source: Source) -> dict[str, tuple[Any, ...]]:
    lines = reader.find_losses(source)
    return {str(line.label): (line.value, *line.examples) for line in lines}


def test_rows_of_ispmail(open_source: Open) -> None:
    source = open_source(ISPMAIL)
    reader, rows = read(source)
    assert reader.product == "ISPmail" and losses(reader, source) == {}
    assert rows == [
        DomainRow("virtual_domains 1", "Example.org"),
        DomainRow("virtual_domains 2", ""),
        MailboxRow("virtual_users 1", "Anna@example.org", quota=1000, stored=MD5),
        MailboxRow("virtual_users 2", "bob@example.org", quota=0),
        MailboxRow("virtual_users 3", "eve@example.org", quota=0, stored="geheim"),
        AliasRow("virtual_aliases", "@example.org", ("anna@example.org",)),
        AliasRow("virtual_aliases", "bob@example.org", ("eve@example.org",)),
        AliasRow(
            "virtual_aliases",
            "info@example.org",
            ("BOB@example.org", "x@elsewhere.example"),
        ),
        AliasRow("virtual_aliases", "müller@example.org", ("a@b.example",)),
        AliasRow("virtual_aliases", "pipe@example.org", ('"|/usr/bin/list, x"',)),
        AliasRow("virtual_aliases", "void@example.org", ()),
    ]


def test_rows_of_the_howto(open_source: Open) -> None:
    source = open_source(HOWTO)
    reader, rows = read(source)
    assert losses(reader, source) == {"Transports": (1, "example.org")}
    assert rows == [
        DomainRow("domains", "example.org"),
        MailboxRow("users", "anna@example.org", quota=0, stored="abQ9KY.KfrYrc"),
        AliasRow("forwardings", "@example.org", ("anna@example.org",)),
        AliasRow("forwardings", "info@example.org", ("anna@example.org", "a@b.example")),
    ]


def test_rows_of_postfixadmin_whose_tables_have_a_prefix(open_source: Open) -> None:
    source = open_source(POSTFIXADMIN, "pfx_")
    reader, rows = read(source, unit=1024000)
    assert losses(reader, source) == {
        "Domains for which it is only a backup MX": (1, "mx.example"),
        "Domains with a total quota": (1, "example.org"),
        "Domains with another transport": (1, "mx.example"),
        "Active vacation messages": (1, "bob@example.org"),
    }
    assert rows == [
        DomainRow("domain", "example.org", "Line two", 10, -1, 2048000, True),
        DomainRow("domain", "off.example", "", 0, 0, 0, False),
        MailboxRow(
            "mailbox", "anna@example.org", "Anna Berg", 20480000, True, "", BLF, "example.org/anna/"
        ),
        MailboxRow("mailbox", "bob@example.org", "", 0, False, stored="x"),
        MailboxRow("mailbox", "eve@example.org", "", 0, True, stored="x"),
        AliasRow("alias", "eve@example.org", ("a@b.example",), False),
        AliasRow("alias", "root@example.org", ("root",), True),
        AliasDomainRow("alias_domain", "example.net", "example.org", True),
    ]


def test_rows_of_vimbadmin(open_source: Open) -> None:
    source = open_source(VIMBADMIN)
    reader, rows = read(source, default_scheme="SHA1")
    assert losses(reader, source) == {
        "Domains for which it is only a backup MX": (1, "mx.example"),
        "Mailboxes about to be deleted": (1, "gone@example.org"),
        "Mailboxes that may only use some services": (1, "bob@example.org"),
        "Administrators": (1, "root@example.org"),
    }
    assert rows == [
        DomainRow("domain 1", "example.org", "", 5, 0, 2000, True),
        MailboxRow("mailbox 1", "anna@example.org", "Anna", 1000, True, stored=BLF),
        MailboxRow(
            "mailbox 2", "bob@example.org", "", 0, False, "", "{SHA1}C+7Hteo/D9vJXQ3UfzxbwnXaijM="
        ),
        AliasRow("alias 2", "info@example.org", ("anna@example.org", "a@b.example"), False),
    ]


def test_rows_of_iredmail(open_source: Open) -> None:
    source = open_source(IREDMAIL)
    reader, rows = read(source)
    assert losses(reader, source) == {
        "Domains for which it is only a backup MX": (1, "mx.example"),
        "Domains with a total quota (maxquota)": (1, "example.org"),
        "Domains with another transport": (1, "mx.example"),
        "Mailboxes that expire or have expired": (1, "bob@example.org"),
        "Mailboxes that may not send (enablesmtp)": (1, "anna@example.org"),
        "Mailing lists": (1, "list@example.org"),
        "Aliases that only some may write to": (1, "team@example.org"),
        "Mailboxes whose owners are administrators": (1, "anna@example.org"),
    }
    assert rows == [
        DomainRow("domain", "example.org", "", 0, 0, None, True),
        MailboxRow("mailbox", "anna@example.org", "Anna", 2 * 2**20, True, stored="{SSHA512}x"),
        MailboxRow("mailbox", "bob@example.org", "", 0, False, stored="x"),
        AliasRow("forwardings", "a.berg@example.org", ("anna@example.org",), True),
        AliasRow("forwardings", "anna@example.org", ("anna@example.org", "a@b.example"), True),
        AliasRow("forwardings", "@example.org", ("anna@example.org",), True),
        AliasRow("forwardings", "old@example.org", ("anna@example.org",), False),
        AliasRow("forwardings", "team@example.org", ("anna@example.org",), True),
        AliasDomainRow("alias_domain", "example.net", "example.org", False),
    ]


def test_rows_of_modoboa(open_source: Open) -> None:
    source = open_source(MODOBOA)
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
        AliasRow("admin_alias", "@example.org", ("bob@example.org",), True),
        AliasRow("admin_alias", "anna@example.org", ("anna@example.org", "a@b.example"), True),
        AliasRow("admin_alias", "info@example.org", ("anna@example.org",), False),
        AliasDomainRow("admin_domainalias 1", "example.net", "example.org", True),
    ]


def test_rows_of_mailcow(open_source: Open) -> None:
    source = open_source(MAILCOW)
    reader, rows = read(source)
    assert "encrypts the mail" in reader.notes[0]
    assert losses(reader, source) == {
        "Domains for which it is only a backup MX": (1, "mx.example"),
        "Domains with a total quota": (1, "example.org"),
        "Domains with a relay host": (1, "mx.example"),
        "Resources (rooms, equipment)": (1, "room@example.org"),
        "Mailboxes that sign in elsewhere (authsource)": (1, "bob@example.org"),
        "Mailboxes that only receive mail (active = 2)": (1, "eve@example.org"),
        "Mailboxes without IMAP, POP3, SMTP or Sieve": (1, "anna@example.org"),
        "Aliases that discard mail or learn from it": (1, "no@example.org"),
        "Aliases for senders of the host only (internal)": (1, "team@example.org"),
        "App passwords": (2, "anna@example.org"),
    }
    assert rows == [
        DomainRow("domain", "example.org", "x", 10, -1, 3 * 2**20, True),
        MailboxRow("mailbox", "anna@example.org", "Anna", 1048576, True, stored=BLF),
        MailboxRow("mailbox", "bob@example.org", "", 0, True),
        MailboxRow("mailbox", "eve@example.org", "", 0, True),
        MailboxRow("mailbox", "off@example.org", "", 0, False, stored=BLF),
        AliasRow("alias 3", "team@example.org", ("a@b.example",), False),
        AliasDomainRow("alias_domain", "example.net", "example.org", True),
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
    _reader, rows = read(open_source(f"{HOWTO}; {user}"), default_scheme=scheme)
    [found] = [row for row in rows if getattr(row, "address", "") == "new@example.org"]
    assert isinstance(found, MailboxRow) and (found.password, found.stored) == (password, stored)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://reader:geheim@host/vmail", "password_in_url"),
        ("mysql://:geheim@host/vmail", "password_in_url"),
        ("mysql://host/", "url"),
        ("mysql://host:port/vmail", "url"),
        ("mysql://host/vmail?read_default_file=/etc/x", "url"),
        ("postgres://host/modoboa", "url"),
        ("vmail", "url"),
        ("", "url"),
        ("sqlite:////nowhere/at/all.sqlite3", "no_file"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused(url: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse_url(url)
    assert refusal.value.code == code and "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("sql", "name", "prefix", "code"),
    [
        ("", "", "", "no_tables"),
        ("CREATE TABLE customers (id)", "", "", "unknown"),
        (POSTFIXADMIN, "", "", "unknown"),
        (POSTFIXADMIN, "", "p'x", "prefix"),
        (HOWTO, "mailcow", "", "columns"),
        ("CREATE TABLE forwardings (source, destination)", "", "", "columns"),
    ],
)
def test_tables_that_are_not_understood_are_refused(
    open_source: Open, sql: str, name: str, prefix: str, code: str
) -> None:
    with pytest.raises(Refused) as refusal:
        find_reader(open_source(sql, prefix), name)
    assert refusal.value.code == code


def test_nothing_can_be_written_to_a_source(open_source: Open) -> None:
    source = open_source(HOWTO)
    with source.snapshot(), pytest.raises(OperationalError, match="readonly"):
        source.run("DELETE FROM {}users")
