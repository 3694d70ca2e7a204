"""What each role may do, in which domains, and what has no effect any more."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from mailboxes import actions
from mailboxes.access.roles import Role
from mailboxes.access.scope import Scope
from mailboxes.addresses import Address, DomainName
from mailboxes.audit import entries
from mailboxes.audit.actors import ADMINISTRATOR, OWNER, Actor
from mailboxes.audit.models import Entry, Subject
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.models import Alias, Domain, Mailbox
from tests.admin.conftest import ALIAS, MAILBOX, mailbox_form, shown, signed_in
from tests.conftest import PASSWORD, TESTER

NEW = "another good password"


def actor(role: str, *domains: str) -> Actor:
    return Actor(ADMINISTRATOR, "otto", "192.0.2.1", Scope.of_role(role, domains))


@pytest.fixture
def foreign(domain: Domain) -> Mailbox:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    return actions.create_mailbox(TESTER, Address.parse("foreign@example.net"), PASSWORD)


def test_an_action_in_another_domain_is_refused_and_logged(anna: Mailbox, foreign: Mailbox) -> None:
    otto = actor(Role.DOMAIN_ADMINISTRATOR, "EXAMPLE.ORG")
    for refused in (
        lambda: actions.delete_mailbox(otto, foreign),
        lambda: actions.set_active(otto, foreign, False),
        lambda: actions.change_password(otto, foreign, NEW, mail_host().scheme),
        lambda: actions.create_mailbox(otto, Address.parse("new@example.net"), PASSWORD),
        lambda: actions.create_alias(otto, Address.parse("new@example.net"), ["x@example.edu"]),
        lambda: actions.create_mailbox(otto, Address.parse("new@nowhere.example"), PASSWORD),
    ):
        with pytest.raises(Refused, match="is not one of your domains"):
            refused()
    [entry] = entries.read(list(entries.of_object("mailbox", "new@example.net")))
    assert entry.outcome == "refused" and entry.entry.actor == "otto"
    [(_row, error)] = actions.delete_in_bulk(otto, [foreign]).refused
    assert error.code == "forbidden" and Mailbox.objects.filter(pk=foreign.pk).exists()
    actions.delete_mailbox(otto, anna)  # the same action succeeds in its own domain


def test_the_helpdesk_sets_passwords_and_changes_nothing_else(anna: Mailbox) -> None:
    otto = actor(Role.HELPDESK, "example.org")
    actions.change_password(otto, anna, NEW, mail_host().scheme)
    actions.set_active(otto, anna, False)
    for refused in (
        lambda: actions.delete_mailbox(otto, anna),
        lambda: actions.change_mailbox(otto, anna, PASSWORD),
        lambda: actions.create_alias(otto, Address.parse("a@example.org"), ["x@example.edu"]),
        lambda: actions.change_domain(otto, Domain.objects.get()),
    ):
        with pytest.raises(Refused, match="Your role doesn't allow this"):
            refused()


def test_owners_can_only_change_their_own_password(anna: Mailbox, bob: Mailbox) -> None:
    owner = Actor(OWNER, anna.pk, "", Scope.of_owner(anna.pk))
    actions.change_password(owner, anna, NEW, mail_host().scheme)
    with pytest.raises(Refused):
        actions.change_password(owner, bob, NEW, mail_host().scheme)
    with pytest.raises(Refused):
        actions.set_active(owner, anna, False)


def test_an_actor_without_a_scope_can_do_nothing(anna: Mailbox) -> None:
    with pytest.raises(Refused):
        actions.delete_mailbox(Actor(ADMINISTRATOR, "rita"), anna)


@pytest.mark.finding("own-alias")
def test_changing_aliases_alone_does_not_redirect_a_mailbox(anna: Mailbox) -> None:
    allowed = Scope(frozenset({"alias.change"}), frozenset({"example.org"}))
    own = Alias.objects.get(pk=anna.pk)
    with pytest.raises(Refused, match="Your role doesn't allow this"):
        actions.change_alias(Actor(ADMINISTRATOR, "chris", "", allowed), own, ["spy@example.edu"])
    assert Alias.objects.get(pk=anna.pk).goto == anna.pk
    assert Entry.objects.filter(phase="refused", actor="chris", action="alias.change").exists()
    actions.change_alias(TESTER, own, ["spy@example.edu", anna.pk])
    [logged] = Subject.objects.filter(model="alias", name=anna.pk, entry__actor=TESTER.name)
    assert logged.changes == {"goto": [anna.pk, f"spy@example.edu,{anna.pk}"]}
    other = actions.create_alias(TESTER, Address.parse("info@example.org"), ["x@example.edu"])
    actions.change_alias(Actor(ADMINISTRATOR, "chris", "", allowed), other, ["y@example.edu"])
    page = signed_in("helpdesk", "example.org").post(
        f"{ALIAS}anna_40example.org/change/", {"goto": "spy@example.edu", "active": "on"}
    )
    assert page.status_code == 403


@pytest.mark.finding("unscoped-query")
def test_pages_show_nothing_of_other_domains(anna: Mailbox, foreign: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("spy@example.net"), [anna.pk])
    otto = signed_in("domain", "example.org")
    pages = [
        *("/admin/", MAILBOX, f"{MAILBOX}?q=foreign", f"{MAILBOX}?domain=example.net"),
        *(f"{MAILBOX}add/", f"{MAILBOX}csv/", f"{ALIAS}?kind=all", f"{ALIAS}add/"),
        *("/admin/mailboxes/domain/", "/admin/mailboxes/domain/csv/"),
        *("/admin/mailboxes/aliasdomain/", f"{MAILBOX}anna_40example.org/delete/"),
        f"{MAILBOX}anna_40example.org/change/",
    ]
    for url in pages:
        answer = otto.get(url)
        text = b"".join(answer).decode()
        assert answer.status_code == 200 and "foreign@" not in text and "spy@" not in text, url
        assert (
            "example.net"
            not in text.replace("?domain=example.net", "").replace('value="example.net"', "")
            or "domain=" in url
        )
    assert "example.org" in otto.get(f"{MAILBOX}add/").content.decode()


def test_a_mailbox_in_another_domain_is_refused_beside_the_field(foreign: Mailbox) -> None:
    otto = signed_in("domain", "example.org")
    page = otto.post(f"{MAILBOX}add/", mailbox_form(address_0="carl@example.net"))
    assert page.context["adminform"].form.errors["address"] == [
        "example.net is not one of your domains."
    ]
    assert otto.post(f"{MAILBOX}add/", mailbox_form()).status_code == 302


def test_pages_of_several_domains_are_ordered_and_complete(domain: Domain) -> None:
    names = [f"d{number}.example" for number in range(4)]
    for name in names:
        Domain.objects.create(domain=name)
    Mailbox.objects.bulk_create(
        Mailbox(username=f"box{number:02}@{names[number % 4]}", domain_id=names[number % 4],
                local_part="box", maildir="x", password="x")
        for number in range(160)
    )  # fmt: skip
    otto = signed_in("domain", *names[1:])
    url, seen = MAILBOX, []
    while url:
        page = otto.get(url)
        seen += shown(page)
        following = page.context["cl"].next_url
        url = f"{MAILBOX}{following}" if following else ""
    rows = Mailbox.objects.exclude(domain="d0.example").order_by("domain_id", "pk")
    assert seen == list(rows.values_list("pk", flat=True)) and len(seen) == 120
    last = otto.get(f"{MAILBOX}?before={seen[100]}")
    assert shown(last) == seen[50:100]


def test_individual_permissions_have_no_effect(anna: Mailbox) -> None:
    user = User.objects.create_user("otto", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    assert "have no role yet" in client.get("/admin/").content.decode()
    assert client.get(MAILBOX).status_code == 403


def test_a_deleted_domain_is_taken_from_its_administrators(anna: Mailbox) -> None:
    otto = signed_in("domain", "example.org")
    assert otto.get("/admin/").status_code == 200
    actions.delete_domain(TESTER, Domain.objects.get())
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    assert "Your role has changed" in otto.get("/admin/", follow=True).content.decode()
    assert actions.RoleAssignment.of(User.objects.get(username="otto")).domains == ()


def test_the_last_superuser_cannot_be_removed(tables: None) -> None:
    boss = User(username="boss")
    actions.create_administrator(TESTER, boss, PASSWORD, actions.RoleAssignment("superuser"))
    with pytest.raises(Refused, match="only superuser"):
        actions.change_administrator(TESTER, boss, actions.RoleAssignment("auditor"))
    with pytest.raises(Refused, match="only superuser"):
        actions.delete_administrator(TESTER, boss)
    assert User.objects.get().is_superuser
