"""Where an alias may forward to, and what protects a mailbox's own alias."""

import pytest

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.errors import Refused
from mailboxes.forwarding.findings import left_behind
from mailboxes.models import Alias, Domain, Mailbox
from tests.actions.conftest import create
from tests.conftest import TESTER


def test_an_alias_that_only_forwards_to_itself_is_refused(domain: Domain) -> None:
    with pytest.raises(Refused, match="itself"):
        actions.create_alias(TESTER, Address.parse("info@example.org"), ["info@example.org"])


@pytest.mark.finding("protected-alias")
def test_a_mailboxs_own_alias_can_forward_but_cannot_be_deleted(anna: Mailbox) -> None:
    own = Alias.objects.get()
    actions.change_alias(TESTER, own, ["anna@example.org", "anna@example.net"])
    assert Alias.objects.get().goto == "anna@example.org,anna@example.net"
    with pytest.raises(Refused, match="delete the mailbox instead"):
        actions.delete_alias(TESTER, own)


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [
        ("example.org", "example.com", "doesn't exist"),
        ("example.org", "example.org", "itself"),
        ("a.example", "b.example", "already"),
        ("example.org", "a.example", "another one"),
        ("b.example", "example.org", "another one"),
    ],
)
def test_alias_domains_cannot_form_a_loop(
    domain: Domain, name: str, target: str, reason: str
) -> None:
    for other in ("a.example", "b.example"):
        actions.create_domain(TESTER, DomainName.parse(other))
    actions.create_alias_domain(TESTER, "a.example", "b.example")
    with pytest.raises(Refused, match=reason):
        actions.create_alias_domain(TESTER, name, target)


def test_letter_case_does_not_hide_what_an_alias_forwards_to(anna: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), ["Anna@example.org"])
    assert left_behind([anna], Alias.objects.all()).nowhere == ["info@example.org"]
    with pytest.raises(Refused, match="itself"):
        actions.create_alias(TESTER, Address.parse("loop@example.org"), ["Loop@example.org"])


def test_a_mailboxs_own_alias_cannot_be_disabled_alone(anna: Mailbox) -> None:
    with pytest.raises(Refused, match="disable or delete the mailbox instead"):
        actions.set_active(TESTER, Alias.objects.get(), False)
    assert Alias.objects.get().active


def test_a_name_and_targets_that_are_too_long_are_refused(domain: Domain) -> None:
    with pytest.raises(Refused, match="255"):
        create("anna@example.org", name="x" * 256)
    with pytest.raises(Refused, match="65535"):
        actions.create_alias(
            TESTER, Address.parse("all@example.org"), [f"n{n}@example.org" for n in range(5000)]
        )
    assert not Alias.objects.exists()


def test_only_a_mailboxs_own_alias_can_forward_to_itself_alone(anna: Mailbox) -> None:
    own = Alias.objects.get()
    actions.change_alias(TESTER, own, [anna.pk, "anna@example.net"])
    actions.change_alias(TESTER, own, [anna.pk])
    assert Alias.objects.get().goto == anna.pk
    info = actions.create_alias(TESTER, Address.parse("info@example.org"), [anna.pk])
    with pytest.raises(Refused, match="only forward to itself"):
        actions.change_alias(TESTER, info, ["info@example.org"])
    assert Alias.objects.get(pk=info.pk).goto == anna.pk
