"""The lookup tables, as triggers keep them and as they would be filled from the mail tables."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connections

from mailboxes.lookup_models import DomainCount
from mailboxes.lookup_tables import tables as lookup_tables
from mailboxes.models import Alias, Domain, Mailbox, Usage
from tests.hashes import MD5, SHA512_CRYPT

Rows = dict[str, list[tuple[object, ...]]]
WRITES = [
    "INSERT INTO domain (domain, description, transport) VALUES "
    "('a.example', '', ''), ('b.example', '', '')",
    "INSERT INTO mailbox (username, password, name, maildir, local_part, domain, quota) VALUES "
    f"('anna.maria@a.example', '{MD5}', 'Anna Müller, \"Chef\"', '', 'anna.maria', 'a.example', 9),"
    f"('bob@a.example', '{SHA512_CRYPT}', 'back\\\\slash', '', 'bob', 'a.example', 0)",
    "INSERT INTO alias (address, goto, domain) VALUES "
    "('anna.maria@a.example', 'anna.maria@a.example', 'a.example'),"
    "('sales@a.example', 'anna.maria@a.example,x@elsewhere.example, \"|/bin/x\"', 'a.example'),"
    "('@b.example', 'mail@discarded.invalid', 'b.example')",
    "INSERT INTO quota2 (username, bytes, messages) VALUES ('anna.maria@a.example', 9, 1)",
    "UPDATE mailbox SET active = 0, quota = 11 WHERE username = 'bob@a.example'",
    "INSERT INTO last_login (username, domain, last_login) VALUES ('bob@a.example', '', 5)",
    "UPDATE quota2 SET bytes = 8",
    "UPDATE last_login SET last_login = 6",
    "UPDATE mailbox SET quota = 8 WHERE username = 'anna.maria@a.example'",
    f"UPDATE mailbox SET password = '{SHA512_CRYPT}', name = 'Ännchen'",
    "UPDATE alias SET active = 0, goto = 'why@refused.invalid' WHERE address = 'sales@a.example'",
    "INSERT INTO mailbox (username, password, name, maildir, local_part, domain) VALUES "
    "('sales@a.example', '', '', '', 'sales', 'a.example')",
    "UPDATE mailbox SET username = 'anna@b.example', local_part = 'anna', domain = 'b.example' "
    "WHERE username = 'anna.maria@a.example'",
    "UPDATE alias SET address = 'anna@b.example', goto = 'anna@b.example', domain = 'b.example' "
    "WHERE address = 'anna.maria@a.example'",
    "DELETE FROM mailbox WHERE username = 'sales@a.example'",
    "DELETE FROM alias WHERE domain = 'a.example'",
    "DELETE FROM mailbox WHERE domain = 'a.example'",
    "DELETE FROM domain WHERE domain = 'a.example'",
    "UPDATE quota2 SET username = 'anna@b.example'",
    "UPDATE last_login SET username = 'anna@b.example'",
    "DELETE FROM quota2",
    "DELETE FROM last_login",
]
"""What an administrator may write by hand, one statement after the other."""


def execute(sql: str) -> None:
    with connections["mail"].cursor() as cursor:
        cursor.execute(sql)


def contents() -> Rows:
    """Return the rows of all lookup tables; a domain that has nothing may have a count or none."""
    found = {}
    for model in lookup_tables.TABLES:
        rows = model._default_manager.order_by()
        names = [field.attname for field in model._meta.concrete_fields]
        found[model._meta.db_table] = sorted(map(tuple, rows.values_list(*names)))
    found["lookup_count"] = [row for row in found["lookup_count"] if any(row[1:])]
    return found


def filled_anew() -> Rows:
    lookup_tables.fill_all(connections["mail"], usage=True)
    return contents()


@pytest.mark.django_db(databases=["default", "mail"])
def test_whoever_writes_the_mail_tables_the_lookup_tables_are_kept_right() -> None:
    seen, activity = set(), set()
    for sql in WRITES:
        execute(sql)
        kept = contents()
        assert kept == filled_anew(), sql
        seen |= {str(row[0]) for row in kept["lookup_flag"]}
        activity |= {row[2:] for row in kept["lookup_activity"]}
    flags = {"disabled mailbox", "weak", "full", "alias", "disabled alias", "handled"}
    assert lookup_tables.are_kept() and lookup_tables.usage_is_kept() and seen == flags
    assert activity >= {(9, 0), (8, 0), (0, 5), (0, 6), (8, 6), (0, 6), (0, 0)}


@pytest.mark.django_db(databases=["default", "mail"])
def test_rows_that_were_added_during_a_pause_are_added_to_the_lookup_tables() -> None:
    execute(WRITES[0])
    with lookup_tables.pause() as paused:
        execute(WRITES[1])
        execute(WRITES[2])
        assert (not DomainCount.objects.exists()) == paused
        if paused:
            lookup_tables.fill(Mailbox, ["anna.maria@a.example", "bob@a.example"])
            lookup_tables.fill(Alias, list(Alias.objects.values_list("pk", flat=True)))
    kept = contents()
    assert kept == filled_anew()
    counts = {
        row.domain: (row.mailboxes, row.aliases, row.quota) for row in DomainCount.objects.all()
    }
    assert counts == {"a.example": (2, 1, 9), "b.example": (0, 1, 0)}


@pytest.mark.django_db(databases=["default", "mail"])
def test_without_one_of_the_triggers_the_lookup_tables_count_as_not_kept() -> None:
    execute("DROP TRIGGER lookup_alias_flags")
    lookup_tables.forget(connections["mail"])
    assert not lookup_tables.are_kept() and not lookup_tables.usage_is_kept()
    call_command("rebuildlookups", stdout=StringIO())
    assert lookup_tables.are_kept() and lookup_tables.usage_is_kept()
    assert not Domain.objects.exists() and not Usage.objects.exists()


@pytest.mark.django_db(databases=["default", "mail"])
def test_a_lookup_table_that_is_gone_is_created_again() -> None:
    execute("DROP TABLE lookup_count")
    call_command("rebuildlookups", stdout=StringIO())
    Domain.objects.create(domain="a.example")
    Alias.objects.create(address="a@a.example", goto="b@b.example", domain_id="a.example")
    assert DomainCount.objects.get(domain="a.example").aliases == 1
