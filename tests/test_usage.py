"""The usage that Dovecot records, and what deleting a mailbox does to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import DatabaseError, connections
from pytest_django import DjangoAssertNumQueries

from mailboxes import actions, foreign_rows, queries, usage
from mailboxes.addresses import Address, DomainName
from mailboxes.errors import Refused
from mailboxes.models import Domain, LastLogin, Mailbox, Usage
from mailboxes.usage import MailboxUsage
from tests.conftest import PASSWORD, TESTER, forget_lookups

THEN = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
MB = 2**20


def record_usage(address: str, size: int, messages: int = 1) -> None:
    Usage.objects.create(username=address, bytes=size, messages=messages)


def record_sign_in(address: str, seconds: float = THEN.timestamp()) -> None:
    LastLogin.objects.create(username=address, domain="example.org", last_login=int(seconds))


def mailbox(name: str, quota: int, used: int) -> Mailbox:
    """Create a row directly, which is faster than hashing a password."""
    address = f"{name}@example.org"
    record_usage(address, used)
    return Mailbox.objects.create(
        username=address, local_part=name, domain_id="example.org", quota=quota
    )


def rows() -> set[str]:
    return {row.pk for model in (Usage, LastLogin) for row in model.objects.all()}


def test_known_usage_is_returned_and_the_rest_is_none(tables: None) -> None:
    record_usage("anna@example.org", 5 * MB, 17)
    record_sign_in("anna@example.org")
    record_usage("Bob@Example.org", 3)
    record_sign_in("carla@example.org")
    found = usage.find(
        ["anna@example.org", "bob@example.org", "Carla@example.org", "ü@example.org"]
    )
    assert found == {
        "anna@example.org": MailboxUsage(5 * MB, 17, THEN),
        "bob@example.org": MailboxUsage(3, 1, None),
        "Carla@example.org": MailboxUsage(None, None, THEN),
        "ü@example.org": MailboxUsage(),
    }


def test_a_page_takes_two_queries_and_an_empty_one_none(
    tables: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page = [f"n{number}@example.org" for number in range(100)]
    with django_assert_num_queries(2, connection=connections["mail"]):
        assert len(usage.find(page)) == 100
    with django_assert_num_queries(0, connection=connections["mail"]):
        assert usage.find([]) == {}


@pytest.mark.parametrize("seconds", [0, -1, 10**18, 9223372036854775807])
def test_an_invalid_time_is_ignored(tables: None, seconds: int) -> None:
    record_sign_in("anna@example.org", seconds)
    assert usage.find(["anna@example.org"]) == {"anna@example.org": MailboxUsage()}


def test_the_fullest_mailboxes_come_first(domain: Domain) -> None:
    mailbox("just", 100 * MB, 90 * MB)
    mailbox("nearly", 100 * MB, 90 * MB - 1)
    mailbox("over", 10 * MB, 11 * MB)
    mailbox("full", 1000 * MB, 1000 * MB)
    mailbox("unlimited", 0, 5000 * MB)
    record_usage("gone@example.org", 5000 * MB)
    found, more = usage.nearly_full(Mailbox.objects.all()) or ([], True)
    names = [address.partition("@")[0] for address in found]
    assert names == ["over", "full", "just"] and not more
    forget_lookups()
    assert usage.nearly_full(Mailbox.objects.all()) == (found, False)


def test_only_the_first_of_very_many_full_mailboxes_are_looked_at(
    domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "READ_AT_ONCE", 2)
    for number in range(3):
        mailbox(f"n{number}", MB, MB + number)
    names = ["n1@example.org", "n0@example.org"]
    assert usage.nearly_full(Mailbox.objects.all()) == (names, True)
    assert usage.nearly_full(Mailbox.objects.all(), ["other.example"]) == ([], False)


@pytest.mark.parametrize(
    ("mailboxes", "others", "shown"), [(2, 0, 2), (3, 0, 0), (1, 1, 1), (1, 2, 0)]
)
def test_large_adopted_hosts_are_not_searched_for_full_mailboxes(
    domain: Domain,
    unindexed: None,
    monkeypatch: pytest.MonkeyPatch,
    mailboxes: int,
    others: int,
    shown: int,
) -> None:
    monkeypatch.setattr(queries, "MAX_ROWS", 2)
    for number in range(mailboxes):
        mailbox(f"n{number}", MB, MB)
    for number in range(others):
        record_usage(f"gone{number}@example.org", MB)
    assert (usage.nearly_full(Mailbox.objects.all()) is not None) == bool(shown)


def test_deleting_a_mailbox_only_deletes_its_own_usage(anna: Mailbox, bob: Mailbox) -> None:
    for address in (anna.pk, bob.pk):
        record_usage(address, MB)
        record_sign_in(address)
    actions.delete_mailbox(TESTER, anna)
    assert rows() == {bob.pk}


def test_deleting_a_domain_deletes_the_usage_of_its_mailboxes(
    anna: Mailbox, bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_rows, "BATCH", 1)
    actions.create_domain(TESTER, DomainName.parse("sub.example.org"))
    other = actions.create_mailbox(TESTER, Address.parse("anna@sub.example.org"), PASSWORD)
    for address in (anna.pk, bob.pk, other.pk):
        record_usage(address, MB)
        record_sign_in(address)
    actions.create_alias_domain(TESTER, "sub.example.org", "example.org")
    with pytest.raises(Refused):
        actions.delete_domain(TESTER, Domain.objects.get(pk="example.org"))
    assert rows() == {anna.pk, bob.pk, other.pk}
    actions.delete_domain(TESTER, Domain.objects.get(pk="sub.example.org"))
    assert rows() == {anna.pk, bob.pk}
    actions.delete_domain(TESTER, Domain.objects.get(pk="example.org"))
    assert not rows()


def change(statement: str) -> None:
    with connections["mail"].cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def changed(there: str, back: str) -> Iterator[None]:
    change(there)
    try:
        yield
    finally:
        change(back)


def test_tables_that_only_dovecot_writes_have_no_permissions(tables: None) -> None:
    models = Permission.objects.values_list("content_type__model", flat=True)
    assert "mailbox" in models and not {"usage", "lastlogin"} & set(models)


committed = pytest.mark.django_db(databases=["default", "mail"], transaction=True)


@committed
def test_missing_tables_are_tolerated() -> None:
    Domain.objects.create(domain="example.org")
    anna = mailbox("anna", MB, MB)
    with (
        changed("ALTER TABLE quota2 RENAME TO away", "ALTER TABLE away RENAME TO quota2"),
        changed("ALTER TABLE last_login RENAME TO away2", "ALTER TABLE away2 RENAME TO last_login"),
    ):
        assert usage.find([anna.pk]) == {anna.pk: MailboxUsage()}
        assert usage.nearly_full(Mailbox.objects.all()) is None
        actions.delete_mailbox(TESTER, anna)
        assert not Mailbox.objects.exists()
        actions.delete_domain(TESTER, Domain.objects.get())
    assert rows() == {anna.pk}


@committed
def test_a_broken_view_only_stops_what_would_leave_rows_in_it() -> None:
    rename = "ALTER TABLE {} RENAME TO {}".format
    with (
        changed(rename("quota2", "used"), rename("used", "quota2")),
        changed("CREATE TABLE gone AS SELECT * FROM used", "DROP VIEW quota2"),
    ):
        change("CREATE VIEW quota2 AS SELECT * FROM gone")
        change("DROP TABLE gone")
        assert usage.find(["anna@example.org"]) == {"anna@example.org": MailboxUsage()}
        foreign_rows.clear_for(["anna@example.org"])
        unreadable = "“quota2” can't be read.*gone|“quota2” can't be read.*invalid table"
        with pytest.raises(Refused, match=unreadable):
            foreign_rows.delete_for(["anna@example.org"])
        with pytest.raises(Refused, match=unreadable):
            foreign_rows.rename_for("anna@example.org", "eve@example.org")
        with pytest.raises(Refused, match=unreadable):
            foreign_rows.delete_in("example.org", [])


@committed
def test_other_database_errors_are_not_hidden() -> None:
    rename = "ALTER TABLE quota2 RENAME COLUMN {} TO {}".format
    with (
        changed(rename("bytes", "octets"), rename("octets", "bytes")),
        pytest.raises(DatabaseError, match="bytes"),
    ):
        usage.find(["anna@example.org"])


@committed
def test_the_migration_creates_the_missing_table_and_keeps_the_other() -> None:
    record_usage("anna@example.org", MB)
    call_command("migrate", "mailboxes", "0001", database="mail", verbosity=0)
    change("DROP TABLE last_login")
    call_command("migrate", "mailboxes", database="mail", verbosity=0)
    record_sign_in("anna@example.org")
    assert usage.find(["anna@example.org"]) == {"anna@example.org": MailboxUsage(MB, 1, THEN)}
