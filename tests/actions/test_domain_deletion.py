"""A large domain is deleted in steps, the log says which rows, and it can be gone on with."""

from typing import Any

import pytest

from mailboxes import actions, foreign_rows
from mailboxes.access.scope import Scope
from mailboxes.actions import domain_deletion
from mailboxes.addresses import Address, DomainName
from mailboxes.audit import chain
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.models import Entry, Subject
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, Usage
from tests.conftest import TESTER

DOMAIN = "example.org"


@pytest.fixture
def large(many: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A domain with 120 mailboxes, their own aliases and 70 others, of which 50 go at once."""
    monkeypatch.setattr(domain_deletion, "rows_at_once", lambda: 50)
    others = [f"x{number:02}@example.org" for number in range(70)]
    Alias.objects.bulk_create(
        Alias(address=name, goto=many[0], domain_id=DOMAIN) for name in [*many, *others]
    )
    return others


def step(continues: int = 0, actor: Actor = TESTER) -> actions.DeletionStep:
    return actions.delete_domain_step(actor, Domain.objects.get(pk=DOMAIN), continues)


def steps() -> list[int]:
    """Go on until the domain is deleted; return how many rows each step has deleted."""
    done, found = [], actions.DeletionStep()
    while not found.is_last:
        found = step(found.entry)
        done.append(found.deleted)
    return done


def logged(action: str) -> list[str]:
    rows = Subject.objects.filter(entry__action=action, entry__phase="begun").order_by("pk")
    return list(rows.values_list("name", flat=True))


def test_a_large_domain_is_disabled_and_deleted_in_steps_that_the_log_has(
    large: list[str], many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_rows, "AT_ONCE", 2)
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias(TESTER, Address.parse("info@example.net"), ["x@example.edu"])
    for name in (many[0], many[119], "bob@example.net"):
        Usage.objects.create(username=name, bytes=1)
    first = step()
    assert (first.deleted, first.is_last) == (50, False)
    assert not Domain.objects.get(pk=DOMAIN).active and Mailbox.objects.count() == 70
    assert steps() == [50, 20, 50, 20, 0]
    assert list(Domain.objects.values_list("pk", flat=True)) == ["example.net"]
    assert not Mailbox.objects.exists()
    assert list(Alias.objects.values_list("pk", flat=True)) == ["info@example.net"]
    assert list(Usage.objects.values_list("pk", flat=True)) == ["bob@example.net"]
    assert logged("mailbox.delete") == many and logged("alias.delete") == large
    assert logged("domain.delete") == [DOMAIN] and chain.verify() is None
    parents = Entry.objects.filter(action="mailbox.delete", phase="begun", parent=None)
    assert parents.count() == 2  # the first step wasn't continued here


def test_a_deletion_that_was_stopped_is_known_until_it_is_done_or_the_domain_enabled(
    large: list[str],
) -> None:
    domain = Domain.objects.get()
    assert actions.unfinished_deletion(domain) is None
    begun = step().entry
    domain.refresh_from_db()
    entry = actions.unfinished_deletion(domain)
    assert entry is not None and entry.action == "domain.disable"
    step()
    assert logged("domain.disable") == [DOMAIN]
    actions.set_active(TESTER, domain, True)
    assert actions.unfinished_deletion(domain) is None
    with pytest.raises(Refused, match="enabled in the meantime"):
        step(begun)
    assert Mailbox.objects.count() == 20
    actions.set_active(TESTER, domain, False)
    assert actions.unfinished_deletion(domain) is None
    steps()
    actions.create_domain(TESTER, DomainName.parse(DOMAIN), active=False)
    assert actions.unfinished_deletion(Domain.objects.get()) is None


def test_the_same_step_twice_deletes_other_rows(large: list[str], many: list[str]) -> None:
    first = step()
    for _ in range(2):
        step(first.entry)
    assert logged("mailbox.delete") == many
    assert Entry.objects.filter(parent=first.entry).count() == 2


def test_what_prevents_a_deletion_prevents_each_step(large: list[str]) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", DOMAIN)
    scope = Scope.of_role("domain", [DOMAIN])
    arguments: list[dict[str, Any]] = [
        {},
        {"continues": 1},
        {"actor": Actor(ADMINISTRATOR, "otto", "", scope)},
    ]
    for each in arguments:
        with pytest.raises(Refused):
            step(**each)
        assert Domain.objects.get(pk=DOMAIN).active and Mailbox.objects.count() == 120
    AliasDomain.objects.all().delete()
    begun = step().entry
    Domain.objects.create(domain="example.com")
    AliasDomain.objects.create(alias_domain="example.com", target_domain=DOMAIN)
    with pytest.raises(Refused, match=r"Delete these first: example\.com"):
        step(begun)
    assert Mailbox.objects.count() == 70


def test_a_small_domain_is_deleted_in_one_step(anna: Mailbox) -> None:
    assert step() == actions.DeletionStep(is_last=True)
    assert not Domain.objects.exists() and not logged("domain.disable")


@pytest.mark.parametrize("at_once", [50, 500])
def test_own_aliases_of_mailboxes_elsewhere_are_given_to_their_domains(
    large: list[str], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other programs may write them into the domain, also while it is deleted."""
    monkeypatch.setattr(domain_deletion, "rows_at_once", lambda: at_once)
    monkeypatch.setattr(foreign_rows, "AT_ONCE", 2)
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    if at_once < len(large):
        step()
    names = ["anna@example.net", "bob@example.net", "zoe@example.net"]
    for name in names:
        Mailbox.objects.create(username=name, domain_id="example.net")
        Alias.objects.create(address=name, goto=name, domain_id=DOMAIN)
        Usage.objects.create(username=name, bytes=1)
    Alias.objects.create(address="info@example.net", goto=names[0], domain_id=DOMAIN)
    Mailbox.objects.create(username="late@example.org", domain_id=DOMAIN)
    steps()
    assert list(Alias.objects.values_list("pk", "domain_id")) == [
        (name, "example.net") for name in names
    ]
    assert list(Mailbox.objects.values_list("pk", flat=True)) == names
    assert list(Usage.objects.values_list("pk", flat=True)) == names
    assert not set(names) & {*logged("alias.delete"), *logged("mailbox.delete")}
    assert not Domain.objects.filter(pk=DOMAIN).exists() and chain.verify() is None
