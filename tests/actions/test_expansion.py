"""Loops and lists that Postfix can't expand are refused when they are saved or enabled."""

import pytest

from mailboxes import actions
from mailboxes.access.scope import Scope
from mailboxes.actions import expansion
from mailboxes.addresses import Address, DomainName, parse_alias
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.conftest import TESTER


@pytest.fixture(autouse=True)
def other(domain: Domain) -> Domain:
    return actions.create_domain(TESTER, DomainName.parse("example.net"))


def alias(address: str, *targets: str, active: bool = True) -> Alias:
    return actions.create_alias(TESTER, parse_alias(address), targets, active)


def test_a_loop_is_refused_with_its_way_and_nothing_is_saved() -> None:
    alias("a@example.org", "b@example.net")
    with pytest.raises(Refused, match="b@example.net → a@example.org → b@example.net") as refused:
        alias("b@example.net", "a@example.org", "carl@elsewhere.example")
    assert refused.value.field == "goto"
    assert not Alias.objects.filter(pk="b@example.net").exists()
    alias("b@example.net", "carl@elsewhere.example")


def test_a_change_that_makes_a_loop_is_refused() -> None:
    alias("a@example.org", "b@example.org")
    found = alias("b@example.org", "carl@elsewhere.example")
    with pytest.raises(Refused, match="loop"):
        actions.change_alias(TESTER, found, ["a@example.org"])
    found.refresh_from_db()
    assert found.goto == "carl@elsewhere.example"


def test_an_alias_is_not_enabled_if_that_makes_a_loop() -> None:
    alias("a@example.org", "b@example.org")
    found = alias("b@example.org", "a@example.org", active=False)
    with pytest.raises(Refused, match="loop"):
        actions.set_active(TESTER, found, True)
    found.refresh_from_db()
    assert not found.active
    assert actions.set_active_in_bulk(TESTER, [found], True).refused


def test_mailboxes_that_forward_to_each_other_and_keep_copies_are_no_loop(
    anna: Mailbox, bob: Mailbox
) -> None:
    for one, other in ((anna, bob), (bob, anna)):
        own = Alias.objects.get(pk=one.pk)
        actions.change_alias(TESTER, own, [one.pk, other.pk])
    assert Alias.objects.get(pk=bob.pk).targets == [bob.pk, anna.pk]


def test_a_mailbox_is_not_enabled_if_its_alias_makes_a_loop(anna: Mailbox, bob: Mailbox) -> None:
    actions.change_alias(TESTER, Alias.objects.get(pk=anna.pk), [bob.pk])
    actions.set_active(TESTER, anna, False)
    actions.change_alias(TESTER, Alias.objects.get(pk=bob.pk), [anna.pk])
    with pytest.raises(Refused, match="loop"):
        actions.set_active(TESTER, anna, True)
    actions.change_alias(TESTER, Alias.objects.get(pk=bob.pk), [bob.pk, anna.pk])
    anna.refresh_from_db()
    assert actions.set_active(TESTER, anna, True)


def test_a_loop_through_catch_alls_is_refused() -> None:
    alias("@example.org", "rest@example.net")
    with pytest.raises(Refused, match="@example.net → nobody@example.org → rest@example.net"):
        alias("@example.net", "nobody@example.org")
    alias("@example.net", "rest@example.net")


def test_a_loop_through_an_alias_domain_is_refused_from_both_sides() -> None:
    alias("a@example.org", "a@example.net")
    with pytest.raises(Refused, match="loop") as refused:
        actions.create_alias_domain(TESTER, "example.net", "example.org")
    assert refused.value.field == "target_domain"
    assert not AliasDomain.objects.exists()
    Alias.objects.all().delete()
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    with pytest.raises(Refused, match="a@example.org → a@example.net → a@example.org"):
        alias("a@example.org", "a@example.net")


def test_a_loop_through_a_disabled_domain_is_refused_too(other: Domain) -> None:
    alias("a@example.org", "b@example.net")
    alias("b@example.net", "carl@elsewhere.example")
    actions.set_active(TESTER, other, False)
    with pytest.raises(Refused, match="loop"):
        actions.change_alias(TESTER, Alias.objects.get(pk="b@example.net"), ["a@example.org"])


def test_more_targets_than_postfix_expands_are_refused() -> None:
    first, second = ([f"{letter}{n}@e.example" for n in range(501)] for letter in "xy")
    with pytest.raises(Refused, match="more than 1000"):
        alias("all@example.org", *first, *second)
    alias("x@example.org", *first)
    alias("y@example.org", *second)
    with pytest.raises(Refused, match="more than 1000"):
        alias("all@example.org", "x@example.org", "y@example.org")
    alias("all@example.org", "x@example.org")


def test_a_loop_of_another_program_can_be_disabled_and_deleted() -> None:
    for one, other in ("ab", "ba"):
        Alias.objects.create(
            address=f"{one}@example.org", goto=f"{other}@example.org", domain_id="example.org"
        )
    first, second = Alias.objects.all()
    first.active = False
    actions.change_alias(TESTER, first, first.targets)
    assert not Alias.objects.get(pk=first.pk).active
    assert actions.set_active(TESTER, second, False)
    actions.delete_alias(TESTER, second)
    with pytest.raises(Refused, match="itself"):
        actions.change_alias(TESTER, first, [first.pk])


def addresses(first: int, last: int) -> list[str]:
    return [f"x{number}@e.example" for number in range(first, last + 1)]


def test_a_list_may_not_grow_so_that_one_above_it_has_too_many_targets() -> None:
    alias("all@example.org", "everyone@example.net", *addresses(1, 500))
    alias("everyone@example.net", "team@example.org")
    team = alias("team@example.org", *addresses(501, 1000))
    with pytest.raises(Refused, match="all@example.org forwards to") as refused:
        actions.change_alias(TESTER, team, addresses(501, 1001))
    assert refused.value.code == "too_many"
    actions.change_alias(TESTER, team, addresses(501, 999))
    actions.set_active(TESTER, team, False)
    team.goto = ",".join(addresses(501, 1001))
    actions.change_alias(TESTER, team, team.targets)
    with pytest.raises(Refused, match="forwards to this address"):
        actions.set_active(TESTER, team, True)


@pytest.mark.parametrize("target", ["team+x@example.org", "TEAM@net.example", "any@example.org"])
def test_lists_above_are_found_by_whatever_name_they_use(target: str) -> None:
    actions.create_domain(TESTER, DomainName.parse("net.example"))
    actions.create_alias_domain(TESTER, "net.example", "example.org")
    alias("all@example.net", target, *addresses(1, 500))
    name = "@example.org" if target.startswith("any") else "team@example.org"
    with pytest.raises(Refused, match="all@example.net forwards to this address"):
        alias(name, *addresses(501, 1001))
    alias(name, *addresses(501, 1000))


def test_a_list_that_has_too_many_already_prevents_no_change_below_it() -> None:
    team = alias("team@example.org", *addresses(1, 3))
    goto = ",".join(["team@example.org", *addresses(4, 1004)])
    Alias.objects.create(address="all@example.net", goto=goto, domain_id="example.net")
    actions.change_alias(TESTER, team, addresses(1, 2))
    few = Actor(ADMINISTRATOR, "few", "", Scope(None, frozenset({"example.org"})))
    Alias.objects.filter(pk="all@example.net").update(
        goto=",".join(["team@example.org", *addresses(4, 1001)])
    )
    with pytest.raises(Refused, match="^… forwards to this address"):
        actions.change_alias(few, team, addresses(1, 3))


def test_nothing_is_saved_that_comes_to_pass_a_domain_which_is_not_locked() -> None:
    found = alias("a@example.org", "b@example.net")
    assert expansion.lock_alias(found) == {"example.org", "example.net"}
    with pytest.raises(Refused, match="changed the targets in the meantime"):
        expansion.check_saved_alias(found, TESTER.scope, {"example.org"})


def test_a_refusal_names_no_address_out_of_reach() -> None:
    alias("secret@example.net", "a@example.org")
    few = Actor(ADMINISTRATOR, "few", "", Scope(None, frozenset({"example.org"})))
    with pytest.raises(Refused, match="a@example.org → … → a@example.org"):
        actions.create_alias(few, Address.parse("a@example.org"), ["secret@example.net"])
