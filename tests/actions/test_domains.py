"""A domain's limits, what is deleted with it, and which values it can't have."""

from typing import Any

import pytest

from mailboxes import actions
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.actions.conftest import create
from tests.conftest import TESTER


def test_limits_are_enforced_and_the_mailboxes_own_aliases_do_not_count(domain: Domain) -> None:
    Domain.objects.update(mailboxes=2, aliases=1)
    create("one@example.org")
    create("two@example.org")
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["one@example.org"])
    with pytest.raises(Refused, match=r"mailbox limit \(2\)"):
        create("three@example.org")
    with pytest.raises(Refused, match=r"alias limit \(1\)"):
        actions.create_alias(TESTER, CatchAll("example.org"), ["one@example.org"])
    Domain.objects.update(mailboxes=-1)
    with pytest.raises(Refused, match="Mailboxes are not allowed"):
        create("three@example.org")


@pytest.mark.finding("orphans")
def test_nothing_is_created_in_or_for_a_domain_that_was_deleted(anna: Mailbox) -> None:
    domain, other = (Domain.objects.get(), DomainName.parse("example.net"))
    actions.create_domain(TESTER, other)
    actions.delete_domain(TESTER, domain)
    with pytest.raises(Refused, match="doesn't exist here"):
        create("bob@example.org")
    with pytest.raises(Refused, match="doesn't exist here"):
        actions.create_alias_domain(TESTER, str(other), domain.pk)
    with pytest.raises(Refused, match="deleted in the meantime"):
        actions.delete_domain(TESTER, domain)
    assert not Mailbox.objects.exists() and not AliasDomain.objects.exists()


def test_deleting_a_domain_deletes_its_rows_and_nothing_else(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    create("bob@example.net")
    actions.create_alias_domain(TESTER, "example.org", "example.net")
    with pytest.raises(Refused, match="Delete these first: example.org"):
        actions.delete_domain(TESTER, Domain.objects.get(pk="example.net"))
    actions.delete_domain(TESTER, Domain.objects.get(pk="example.org"))
    assert [row.pk for row in Domain.objects.all()] == ["example.net"]
    assert [row.pk for row in Mailbox.objects.all()] == ["bob@example.net"]
    assert [row.pk for row in Alias.objects.all()] == ["bob@example.net"]
    assert not AliasDomain.objects.exists()


def test_an_existing_domain_and_the_hosts_own_names_are_refused(domain: Domain) -> None:
    with pytest.raises(Refused, match="already exists"):
        actions.create_domain(TESTER, DomainName.parse("EXAMPLE.org"))
    for name in ("mail.example.test", "localhost.example.test"):
        with pytest.raises(Refused, match="own name"):
            actions.create_domain(TESTER, DomainName.parse(name))


@pytest.mark.parametrize("text", ["日本", "ü@example.org"])
def test_non_ascii_text_is_never_found_in_ascii_columns(anna: Mailbox, text: str) -> None:
    assert not Mailbox.objects.filter(username=text).exists()
    assert not Mailbox.objects.filter(username__icontains=text).exists()
    assert not Mailbox.objects.filter(name=text).exists()
    with pytest.raises(ValueError, match="ASCII"):
        Domain.objects.create(domain=text)


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"mailboxes": -2}, "mailboxes"),
        ({"aliases": 99999999999}, "aliases"),
        ({"quota": 10**20}, "quota"),
        ({"description": "x" * 256}, "description"),
        ({"description": "a\nb"}, "description"),
        ({"description": "\udcff"}, "description"),
    ],
)
def test_values_that_do_not_fit_their_column_are_refused(
    tables: None, columns: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_domain(TESTER, DomainName.parse("example.org"), **columns)
    assert refused.value.field == field
    assert not Domain.objects.exists()


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"mailboxes": 5 * 10**9},
            "“maximum mailboxes” must be at most 1,000,000,000. Requested: 5,000,000,000.",
        ),
        ({"aliases": -2}, "“maximum aliases” must be at least -1. Requested: -2."),
        (
            {"quota": 2 * 10**9},
            "“total quota of all mailboxes” must be at most 931.3 TiB. Requested: 1862.6 TiB.",
        ),
        (
            {"description": "x" * 300},
            "“description” is too long. The limit is 255 characters. Entered: 300.",
        ),
        (
            {"description": "a\x1b"},
            "“description” contains control characters or invalid UTF-8. Remove them.",
        ),
    ],
)
def test_a_value_that_a_column_cannot_store_is_refused_in_our_own_words(
    tables: None, columns: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        actions.create_domain(TESTER, DomainName.parse("example.org"), **columns)
    assert error_message(refused.value) == sentence
