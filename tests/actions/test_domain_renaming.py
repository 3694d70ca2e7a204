"""Renaming a domain: all addresses in it and whatever names them follow, or nothing changes."""

from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import CaptureQueriesContext

from mailboxes import actions
from mailboxes.access import self_service
from mailboxes.access.models import Grant, GrantedDomain
from mailboxes.access.scope import Scope
from mailboxes.accounts import AccountKind
from mailboxes.actions import domain_renaming
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.entries import of_object
from mailboxes.audit.models import Entry
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, LastLogin, Mailbox, Usage
from tests.actions.conftest import create
from tests.admin.conftest import signed_in
from tests.conftest import PASSWORD, TESTER

OLD, NEW, OTHER = "example.org", "example.com", "example.net"
ANNA = "anna@example.com"


def rename(new: str = NEW, actor: Actor = TESTER, **options: Any) -> None:
    domain = Domain.objects.get(pk=OLD)
    actions.rename_domain(actor, domain, DomainName.parse(new), **options)


def goto() -> dict[str, str]:
    return dict(Alias.objects.values_list("pk", "goto"))


def everything() -> list[Any]:
    tables: list[Any] = [Domain, Mailbox, Alias, AliasDomain, Usage, LastLogin, GrantedDomain]
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


def refused(code: str, *arguments: Any, **options: Any) -> None:
    before = everything()
    with pytest.raises(Refused) as caught:
        rename(*arguments, **options)
    assert caught.value.code == code and everything() == before


@pytest.fixture
def other(domain: Domain) -> Domain:
    return actions.create_domain(TESTER, DomainName.parse(OTHER))


def test_a_renamed_domain_takes_its_addresses_along(anna: Mailbox, other: Domain) -> None:
    Usage.objects.create(username=anna.pk, bytes=7)
    LastLogin.objects.create(username=anna.pk, domain=OLD)
    Domain.objects.filter(pk=OLD).update(description="Berg", mailboxes=9)
    rename()
    mailbox, domain = Mailbox.objects.get(), Domain.objects.get(pk=NEW)
    assert (mailbox.pk, mailbox.domain_id, mailbox.maildir) == (ANNA, NEW, anna.maildir)
    assert mailbox.check_password(PASSWORD)
    assert (domain.description, domain.mailboxes) == ("Berg", 9)
    assert (Usage.objects.get().pk, LastLogin.objects.get().domain) == (ANNA, NEW)
    assert AliasDomain.objects.get(pk=OLD).target_domain == NEW
    kept = Domain.objects.get(pk=OLD)
    assert (kept.mailboxes, kept.aliases) == (-1, -1)


def test_the_old_name_need_not_be_kept(anna: Mailbox) -> None:
    rename(keeps_old=False)
    assert list(Domain.objects.values_list("pk", flat=True)) == [NEW]
    assert not AliasDomain.objects.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("anna@example.org", ANNA),
        ("Anna@Example.ORG,x@a.example", "Anna@example.com,x@a.example"),
        ("anna+x@example.org , y@a.example", "anna+x@example.com, y@a.example"),
        ("@example.org", "@example.com"),
        ("anna#example.org@autoreply.example", "anna#example.com@autoreply.example"),
        ("x@example.org.uk,y@sub.example.org", "x@example.org.uk,y@sub.example.org"),
    ],
)
def test_targets_anywhere_follow(anna: Mailbox, other: Domain, before: str, after: str) -> None:
    Alias.objects.create(address="info@example.net", goto=before, domain=other)
    Alias.objects.create(address="@example.org", goto="info@example.net", domain_id=OLD)
    rename()
    expected = {"info@example.net": after, "@example.com": "info@example.net", ANNA: ANNA}
    assert goto() == expected


def test_alias_domains_follow(other: Domain) -> None:
    actions.create_alias_domain(TESTER, OTHER, OLD)
    rename()
    found = set(AliasDomain.objects.values_list("pk", "target_domain"))
    assert found == {(OTHER, NEW), (OLD, NEW)}


def test_the_old_name_of_an_alias_domain_forwards_to_the_same_domain(other: Domain) -> None:
    actions.create_alias_domain(TESTER, OLD, OTHER)
    rename()
    found = set(AliasDomain.objects.values_list("pk", "target_domain"))
    assert found == {(NEW, OTHER), (OLD, OTHER)}


@pytest.mark.parametrize("kept", [True, False])
def test_its_administrators_and_rules_follow(anna: Mailbox, kept: bool) -> None:
    signed_in("domain", OLD)
    self_service.set_open(OLD, False)
    self_service.set_demand(AccountKind.MAILBOX, anna.pk, True)
    rename(keeps_old=kept)
    granted = set(Grant.objects.get().domains.values_list("domain", flat=True))
    assert granted == ({OLD, NEW} if kept else {NEW})
    assert not self_service.is_open(NEW) and self_service.is_open(OLD) != kept
    assert self_service.is_demanded(AccountKind.MAILBOX, ANNA)
    assert not self_service.is_demanded(AccountKind.MAILBOX, anna.pk)


def test_a_new_mailbox_at_an_old_address_has_another_folder(anna: Mailbox) -> None:
    rename(keeps_old=False)
    second = Mailbox.objects.get()
    actions.rename_mailbox(TESTER, second, Address.parse("anne@example.com"), keeps_old=False)
    actions.create_domain(TESTER, DomainName.parse(OLD))
    assert create("anna@example.org").maildir == "example.org/anna@2/"
    assert create("anna@example.com").maildir == "example.com/anna/"


def test_a_name_that_cannot_be_used_is_refused(anna: Mailbox, other: Domain) -> None:
    refused("taken", OTHER)
    refused("taken", OLD)
    refused("own_hostname", settings.MAIL_HOSTNAME)
    refused("too_long", ".".join(["x" * 62] * 4))
    Alias.objects.create(address="stray@stray.example", goto="x@a.example", domain_id=OLD)
    Alias.objects.filter(pk="stray@stray.example").update(domain="stray.example")
    refused("taken", "stray.example")
    stored = "{DIGEST-MD5}0d6e7a0a8e0b0a1a0fa1b0e2d4cbb4e3"
    Mailbox.objects.update(password=stored)
    refused("password")


def test_a_loop_is_refused(domain: Domain) -> None:
    for name, target in (("a", "b@example.com"), ("b", "a@example.com")):
        Alias.objects.create(address=f"{name}@example.org", goto=target, domain=domain)
    refused("loop")


def test_folders_named_after_the_domain_must_have_been_linked(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAIL_LOCATION", f"maildir:{settings.MAIL_HOME}/%u")
    refused("folders")
    monkeypatch.setattr(settings, "MAIL_LOCATION", f"maildir:{settings.MAIL_HOME}/%d/%n")
    refused("not_linked")
    rename(folder_is_linked=True)


@pytest.mark.parametrize("role", ["domain", "helpdesk", "auditor"])
def test_only_superusers_rename_domains(anna: Mailbox, role: str) -> None:
    scope = Scope.of_role(role, None if role == "auditor" else [OLD, NEW])
    refused("forbidden", actor=Actor(ADMINISTRATOR, "otto", "", scope))


def test_what_others_have_changed_is_not_renamed_unseen(domain: Domain) -> None:
    refused("changed", shown={"description": "x"})


@pytest.mark.parametrize("place", ["rename_rows", "note_former_name"])
def test_a_failure_in_the_middle_changes_nothing(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    signed_in("domain", OLD)
    before, original = everything(), getattr(domain_renaming, place)

    def fail(*arguments: Any) -> None:
        original(*arguments)
        raise RuntimeError

    monkeypatch.setattr(domain_renaming, place, fail)
    with pytest.raises(RuntimeError):
        rename()
    assert everything() == before


def test_many_rows_take_few_more_statements(many: list[str]) -> None:
    Alias.objects.bulk_create(Alias(address=name, goto=name, domain_id=OLD) for name in many)
    numbers = []
    for old, new in ((OLD, NEW), (NEW, "example.edu")):
        with CaptureQueriesContext(connections["mail"]) as context:
            domain = Domain.objects.get(pk=old)
            actions.rename_domain(TESTER, domain, DomainName.parse(new), keeps_old=False)
        numbers.append(len(context))
        Mailbox.objects.filter(pk__gt="box003").delete()
        Alias.objects.filter(pk__gt="box003").delete()
    assert numbers[1] <= numbers[0] < numbers[1] + 5 < 65, numbers


@pytest.mark.logged_fixtures
def test_the_log_has_both_names_and_the_history_goes_on(anna: Mailbox) -> None:
    rename()
    begun = Entry.objects.get(action="domain.rename", phase="begun")
    found = [(row.model, row.name, row.changes) for row in begun.subjects.order_by("pk")]
    numbers = {"renamed_mailboxes": [None, 1], "renamed_aliases": [None, 0]}
    assert found == [
        ("domain", OLD, {"domain": [OLD, NEW], **numbers}),
        ("domain", NEW, {}),
        ("aliasdomain", OLD, {"target_domain": [None, NEW]}),
    ]
    assert [entry.action for entry in of_object("domain", NEW)] == [
        "domain.rename",
        "domain.create",
    ]
