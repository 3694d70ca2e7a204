"""Rows are deleted together, and one by one where some of them can't be."""

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from mailboxes import actions
from mailboxes.addresses import Address
from mailboxes.models import Alias, Domain, Mailbox
from tests.admin.conftest import ALIAS
from tests.admin.test_bulk_actions import post
from tests.conftest import TESTER, add_mailbox


def test_a_bulk_deletion_of_aliases_leaves_out_those_of_mailboxes(
    rita: Client, anna: Mailbox
) -> None:
    names = [f"{name}@example.org" for name in ("all", "sales")]
    for name in names:
        actions.create_alias(TESTER, Address.parse(name), [anna.pk])
    assert "no copy" not in post(rita, ALIAS, "delete_selected", names).content.decode()
    page = post(rita, f"{ALIAS}?kind=all", "delete_selected", [*names, anna.pk], post="yes")
    text = page.content.decode()
    assert f"{anna.pk} is the mailbox&#x27;s own alias" in text and "2 of 3 done." in text
    assert [alias.pk for alias in Alias.objects.all()] == [anna.pk]


def test_many_mailboxes_are_deleted_with_few_statements(
    domain: Domain, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        add_mailbox(f"box{number}@example.org", "x")
    rows = list(Mailbox.objects.all())
    with django_assert_max_num_queries(25, using="mail"):
        assert len(actions.delete_in_bulk(TESTER, rows).done) == 30
    assert not Mailbox.objects.exists()
