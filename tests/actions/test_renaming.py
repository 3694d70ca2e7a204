"""Renaming a mailbox: everything that names it follows, or nothing changes."""

from typing import Any

import pytest
from django.conf import settings

from mailboxes import actions
from mailboxes.access import self_service
from mailboxes.access.scope import Scope
from mailboxes.accounts import AccountKind
from mailboxes.actions import renaming
from mailboxes.addresses import Address, DomainName
from mailboxes.adoption.models import FormerName
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.entries import names_of, of_object
from mailboxes.audit.models import Entry, Subject
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain, LastLogin, Mailbox, Usage
from tests.actions.conftest import create
from tests.conftest import PASSWORD, TESTER

ANNA, ANNE, INFO = "anna@example.org", "anne@example.org", "info@example.org"
OTTO = Actor(ADMINISTRATOR, "otto", "", Scope.of_role("domain", ["example.org"]))


def parse(text: str) -> Address:
    return Address.parse(text)


def rename(mailbox: Mailbox, new: str = ANNE, actor: Actor = TESTER, **options: Any) -> Mailbox:
    actions.rename_mailbox(actor, mailbox, parse(new), **options)
    return Mailbox.objects.get(pk=new)


def goto(address: str) -> str:
    return Alias.objects.get(pk=address).goto


def everything() -> list[Any]:
    tables: list[Any] = [Domain, Mailbox, Alias, Usage, LastLogin, FormerName]
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


def refused(code: str, *arguments: Any, **options: Any) -> None:
    before = everything()
    with pytest.raises(Refused) as caught:
        rename(*arguments, **options)
    assert caught.value.code == code and everything() == before


def test_a_renamed_mailbox_keeps_everything_but_its_name(anna: Mailbox) -> None:
    self_service.set_demand(AccountKind.MAILBOX, ANNA, True)
    renamed = rename(anna)
    assert not Mailbox.objects.filter(pk=ANNA).exists()
    assert (renamed.local_part, renamed.domain_id) == ("anne", "example.org")
    assert (renamed.maildir, renamed.name) == (anna.maildir, "Anna Berg")
    assert renamed.check_password(PASSWORD)
    assert (goto(ANNE), goto(ANNA)) == (ANNE, ANNE)
    assert self_service.is_demanded(AccountKind.MAILBOX, ANNE)
    assert not self_service.is_demanded(AccountKind.MAILBOX, ANNA)


def test_the_old_address_need_not_be_kept(anna: Mailbox) -> None:
    rename(anna, keeps_old=False)
    assert not Alias.objects.filter(pk=ANNA).exists() and goto(ANNE) == ANNE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Anna@Example.org", ANNE),
        ("x@a.example,anna@example.org", "x@a.example,anne@example.org"),
        ("anna+news@example.org, y@a.example", "anne+news@example.org, y@a.example"),
        ("anna@example.org,anne@example.org", ANNE),
        ("anna#example.org@autoreply.example", "anne#example.org@autoreply.example"),
        ("joanna@example.org,anna@example.org.uk", "joanna@example.org,anna@example.org.uk"),
        ("anna-x@example.org,anna@sub.example.org", "anna-x@example.org,anna@sub.example.org"),
        ("anna+own@example.org", "anna+own@example.org"),
    ],
)
def test_a_target_that_names_the_mailbox_follows(anna: Mailbox, before: str, after: str) -> None:
    Alias.objects.create(
        address="anna+own@example.org", goto="o@a.example", domain_id="example.org"
    )
    Alias.objects.create(address=INFO, goto=before, domain_id="example.org")
    rename(anna)
    assert goto(INFO) == after


def test_a_mailbox_that_forwards_keeps_its_targets(anna: Mailbox) -> None:
    Alias.objects.filter(pk=ANNA).update(goto=f"{ANNA},x@a.example")
    rename(anna)
    assert goto(ANNE) == f"{ANNE},x@a.example"


def test_what_dovecot_recorded_follows(anna: Mailbox, bob: Mailbox) -> None:
    for address in (ANNA, bob.pk):
        Usage.objects.create(username=address, bytes=7, messages=1)
        LastLogin.objects.create(username=address, domain="example.org", last_login=5)
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    rename(anna, "anna@example.net")
    assert set(Usage.objects.values_list("pk", "bytes")) == {("anna@example.net", 7), (bob.pk, 7)}
    assert LastLogin.objects.get(pk="anna@example.net").domain == "example.net"


def test_a_new_mailbox_at_the_old_address_has_another_folder(anna: Mailbox) -> None:
    rename(anna, keeps_old=False)
    second = create(ANNA)
    assert second.maildir == "example.org/anna@2/"
    rename(second, "annb@example.org", keeps_old=False)
    assert create(ANNA).maildir == "example.org/anna@3/"
    assert create("carl@example.org").maildir == "example.org/carl/"


def test_the_folder_follows_where_the_configuration_derives_it(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = f"maildir:{settings.MAIL_HOME}/%d/%n/Maildir"
    monkeypatch.setattr(settings, "MAIL_LOCATION", location)
    refused("not_linked", anna)
    plan = actions.rename_mailbox(TESTER, anna, parse(ANNE), folder_is_linked=True)
    assert plan.moved is not None and plan.moved.old.endswith("/example.org/anna")
    assert Mailbox.objects.get(pk=ANNE).maildir == "example.org/anne/"


def test_an_address_that_is_taken_is_refused(anna: Mailbox, bob: Mailbox) -> None:
    actions.create_alias(TESTER, parse(INFO), [ANNA])
    refused("taken", anna, bob.pk)
    refused("taken", anna, INFO)
    refused("same", anna, ANNA)
    refused("no_domain", anna, "anna@example.net")


def test_limits_hold_for_the_alias_and_for_another_domain(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"), mailboxes=-1)
    Domain.objects.filter(pk="example.org").update(aliases=-1)
    refused("limit", anna)
    refused("limit", anna, "anna@example.net", keeps_old=False)
    rename(anna, keeps_old=False)


def test_a_loop_is_refused(anna: Mailbox) -> None:
    Alias.objects.create(address=INFO, goto=ANNE, domain_id="example.org")
    Alias.objects.filter(pk=ANNA).update(goto=INFO)
    refused("loop", anna)


def test_a_hash_that_contains_the_address_is_refused(anna: Mailbox) -> None:
    stored = "{DIGEST-MD5}0d6e7a0a8e0b0a1a0fa1b0e2d4cbb4e3"
    Mailbox.objects.filter(pk=ANNA).update(password=stored)
    anna.refresh_from_db()
    refused("password", anna)


def test_domain_administrators_stay_within_their_domains(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    foreign = create("dora@example.net")
    refused("forbidden", anna, "anna@example.net", actor=OTTO)
    refused("forbidden", foreign, "dora@example.org", actor=OTTO)
    helpdesk = Actor(ADMINISTRATOR, "hanna", "", Scope.of_role("helpdesk", ["example.org"]))
    refused("forbidden", anna, actor=helpdesk)
    rename(anna, actor=OTTO)


def test_what_others_have_changed_is_not_renamed_unseen(anna: Mailbox) -> None:
    shown = {"name": "x", "quota": 0, "active": True, "password": ""}
    refused("changed", anna, shown=shown)


@pytest.mark.parametrize("place", ["check_forwarding", "rename_in_panel"])
def test_a_failure_in_the_middle_changes_nothing(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    self_service.set_demand(AccountKind.MAILBOX, ANNA, True)
    actions.create_alias(TESTER, parse(INFO), [ANNA])
    before, original = everything(), getattr(renaming, place)

    def fail(*arguments: Any) -> None:
        original(*arguments)
        raise RuntimeError

    monkeypatch.setattr(renaming, place, fail)
    with pytest.raises(RuntimeError):
        rename(anna)
    assert everything() == before
    assert self_service.is_demanded(AccountKind.MAILBOX, ANNA)


@pytest.mark.logged_fixtures
def test_the_log_has_both_names_and_the_history_goes_on(anna: Mailbox) -> None:
    actions.create_alias(TESTER, parse(INFO), [ANNA])
    rename(anna)
    begun = Entry.objects.get(action="mailbox.rename", phase="begun")
    found = [(row.model, row.name, row.changes) for row in begun.subjects.order_by("pk")]
    assert found == [
        ("mailbox", ANNA, {"address": [ANNA, ANNE]}),
        ("mailbox", ANNE, {}),
        ("alias", ANNA, {"goto": [None, ANNE]}),
        ("alias", INFO, {"goto": [ANNA, ANNE]}),
    ]
    verbs = [entry.action for entry in of_object("mailbox", ANNE)]
    assert verbs == ["mailbox.rename", "mailbox.create"]


@pytest.mark.logged_fixtures
def test_an_address_given_twice_has_the_history_of_its_last_owner(
    anna: Mailbox, bob: Mailbox
) -> None:
    for number, row in enumerate((anna, bob)):
        rename(row, keeps_old=False)
        mailbox = Mailbox.objects.get(pk=ANNE)
        if not number:
            actions.rename_mailbox(TESTER, mailbox, parse("a@example.org"), keeps_old=False)
    assert list(names_of("mailbox", ANNE)) == [ANNE, bob.pk]


def test_a_refused_renaming_is_not_part_of_the_history(anna: Mailbox, bob: Mailbox) -> None:
    refused("taken", anna, bob.pk)
    assert names_of("mailbox", bob.pk) == {bob.pk: None}
    assert Subject.objects.filter(name=bob.pk, entry__action="mailbox.rename").exists()
