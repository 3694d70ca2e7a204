"""What a deleted mailbox leaves for the next owner of its address: nothing."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.models import Model
from django.test import Client
from pytest_django import DjangoDbBlocker

from mailboxes import actions, foreign_rows
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.models import Entry
from mailboxes.errors import Refused
from mailboxes.foreign_rows import CLEARED, delete_for
from mailboxes.models import (
    AppPassword,
    DomainAdministrator,
    Fetchmail,
    Mailbox,
    SecondFactorException,
    Vacation,
    VacationNotification,
)
from tests.conftest import PASSWORD, TESTER

pytestmark = pytest.mark.django_db(databases=["default", "mail"])  # before the tables
ALL: tuple[Any, ...] = (*CLEARED, DomainAdministrator)
OTHERS = [model for model in ALL if not model._meta.managed]
ANNA, BOB = "anna@example.org", "bob@example.org"


@pytest.fixture(scope="module")
def other_tables(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """PostfixAdmin's other tables, as far as the panel knows them."""
    with django_db_blocker.unblock(), connections["mail"].cursor() as cursor:
        for model in OTHERS:
            columns = ", ".join(f"{field.column} varchar(255)" for field in model._meta.fields)
            cursor.execute(f"CREATE TABLE {model._meta.db_table} ({columns})")
        yield
        for model in OTHERS:
            cursor.execute(f"DROP TABLE {model._meta.db_table}")


def set_up(*addresses: str) -> None:
    for address in addresses:
        for model in CLEARED:
            model._default_manager.create(pk=address)
    Fetchmail.objects.bulk_create([Fetchmail(pk=addresses[0])])


def owners(model: type[Model]) -> set[Any]:
    return set(model._default_manager.values_list("pk", flat=True))


@pytest.fixture
def anna_and_bob(other_tables: None, anna: Mailbox, bob: Mailbox) -> tuple[Mailbox, Mailbox]:
    set_up(ANNA, BOB)
    return anna, bob


def test_of_many_addresses_those_with_rows_lose_them(anna_and_bob: tuple[Mailbox, Mailbox]) -> None:
    many = [f"new{number}@example.org" for number in range(1500)]
    with connections["mail"].cursor() as cursor:
        cursor.execute("INSERT INTO mailbox_app_password (username) VALUES (NULL)")
        cursor.execute("INSERT INTO fetchmail (mailbox) VALUES ('\xe4ndrea@example.org')")
    delete_for([ANNA, *many])
    assert owners(AppPassword) == {BOB, ""}
    assert owners(Fetchmail) == {BOB, "\xe4ndrea@example.org"}
    assert all(owners(model) == {BOB} for model in CLEARED if model not in (AppPassword, Fetchmail))
    delete_for([*many, BOB])
    assert all(BOB not in owners(model) for model in CLEARED)


def test_what_belonged_to_a_deleted_mailbox_is_deleted(anna_and_bob: tuple[Mailbox, ...]) -> None:
    actions.delete_mailbox(TESTER, anna_and_bob[0])
    for model in CLEARED:
        assert owners(model) == {BOB}
    [subject] = Entry.objects.get(action="mailbox.delete", phase="begun").subjects.all()
    assert subject.changes == {
        "vacation": [1, None],
        "fetchmail": [2, None],
        "app_passwords": [1, None],
        "second_factor_exceptions": [1, None],
    }


def test_a_bulk_deletion_clears_and_logs_the_same(anna_and_bob: tuple[Mailbox, ...]) -> None:
    actions.delete_in_bulk(TESTER, anna_and_bob)
    assert not any(map(owners, CLEARED))
    begun = Entry.objects.get(action="mailbox.delete", phase="begun")
    numbers = [row.changes["fetchmail"][0] for row in begun.subjects.order_by("pk")]
    assert numbers == [2, 1]


def test_what_belonged_to_a_deleted_domain_is_deleted(anna_and_bob: tuple[Mailbox, ...]) -> None:
    others = ["anna@example.net", "anna@sub.example.org", "anna@notexample.org", "example.net"]
    for name in (*others, "example.org", "stale@EXAMPLE.org"):
        SecondFactorException.objects.create(pk=name)
    for name in ("ALL", "example.org", "example.net"):
        DomainAdministrator.objects.create(pk=name)
    actions.delete_domain(TESTER, anna_and_bob[0].domain)
    assert owners(SecondFactorException) == set(others)
    assert not owners(AppPassword) and owners(DomainAdministrator) == {"ALL", "example.net"}


@pytest.mark.parametrize("deletes", [True, False])
def test_a_large_table_is_asked_for_the_addresses_of_a_domain(
    anna_and_bob: tuple[Mailbox, ...], monkeypatch: pytest.MonkeyPatch, deletes: bool
) -> None:
    """What former mailboxes have left there stays until somebody gets their addresses."""
    monkeypatch.setattr(foreign_rows, "AT_ONCE", 1)
    monkeypatch.setattr(foreign_rows, "BATCH", 1)
    set_up("former@example.org", "anna@example.net")
    domain = anna_and_bob[0].domain
    if deletes:
        actions.delete_domain(TESTER, domain)
    else:
        actions.rename_domain(TESTER, domain, DomainName.parse("example.com"), keeps_old=False)
    names = set() if deletes else {"anna@example.com", "bob@example.com"}
    assert owners(AppPassword) == {"former@example.org", "anna@example.net"} | names
    assert owners(VacationNotification) == {"former@example.org", "anna@example.net"}


def test_a_new_mailbox_inherits_nothing(other_tables: None, domain: Any) -> None:
    """PostfixAdmin itself leaves app passwords behind when it deletes a mailbox."""
    set_up(ANNA, BOB)
    actions.create_mailbox(TESTER, Address.parse(ANNA), PASSWORD)
    for model in CLEARED:
        assert owners(model) == {BOB}


def test_what_belonged_to_a_renamed_mailbox_is_still_its_own(
    anna_and_bob: tuple[Mailbox, ...],
) -> None:
    set_up("anne@example.org")
    actions.rename_mailbox(TESTER, anna_and_bob[0], Address.parse("anne@example.org"))
    for model in CLEARED:
        is_forgotten = model is VacationNotification
        assert owners(model) == ({BOB} if is_forgotten else {BOB, "anne@example.org"})
    assert Fetchmail.objects.filter(pk="anne@example.org").count() == 2


def test_what_belonged_to_a_renamed_domain_is_still_its_own(
    anna_and_bob: tuple[Mailbox, ...],
) -> None:
    for model in (SecondFactorException, DomainAdministrator):
        model._default_manager.create(pk="example.org")
    SecondFactorException.objects.create(pk="anna@sub.example.org")
    name = DomainName.parse("example.com")
    actions.rename_domain(TESTER, anna_and_bob[0].domain, name, keeps_old=False)
    people = {"anna@example.com", "bob@example.com"}
    assert owners(AppPassword) == owners(Vacation) == people
    assert owners(SecondFactorException) == {*people, "example.com", "anna@sub.example.org"}
    assert owners(DomainAdministrator) == {"example.com"}
    assert not owners(VacationNotification)
    assert set(Fetchmail.objects.values_list("domain", flat=True)) == {"example.com"}


def test_what_is_refused_deletes_nothing_else(anna_and_bob: tuple[Mailbox, ...]) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    with pytest.raises(Refused):
        actions.delete_domain(TESTER, anna_and_bob[0].domain)
    with pytest.raises(Refused):
        actions.create_mailbox(TESTER, Address.parse(ANNA), PASSWORD)
    for model in CLEARED:
        assert owners(model) == {ANNA, BOB}


def test_the_page_says_what_else_is_deleted(
    rita: Client, anna_and_bob: tuple[Mailbox, ...]
) -> None:
    for path in ("mailbox/anna_40example.org", "domain/example.org"):
        page = rita.get(f"/admin/mailboxes/{path}/delete/").content.decode()
        for line in ("vacation message", "fetchmail collects", "app password", "second factor"):
            assert line in page
    assert "2 accounts from which fetchmail collects mail." in page or "3 accounts" in page
    Vacation.objects.all().delete()
    assert "vacation" not in rita.get("/admin/mailboxes/mailbox/anna_40example.org/delete/").text
