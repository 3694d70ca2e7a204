"""Whether owners may change their passwords, and who has to choose another one."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from mailboxes import actions
from mailboxes.access import self_service
from mailboxes.accounts import AccountKind
from mailboxes.addresses import DomainName
from mailboxes.errors import Refused
from mailboxes.models import Domain, Mailbox
from tests.admin.conftest import DOMAIN, MAILBOX, signed_in
from tests.conftest import PASSWORD, TESTER, logged

NEW = "quite another password"
LIMITS = {
    "mailboxes": "0",
    "aliases": "0",
    "maxquota_0": "0",
    "quota_0": "0",
    "active": "on",
    "delivery": "local",
}


def change(client: Client, new: str = NEW, current: str = PASSWORD) -> str:
    form = {"address": "anna@example.org", "current_password": current}
    answer = client.post("/password/", form | {"new_password1": new, "new_password2": new})
    return answer.content.decode() if answer.status_code == 200 else str(answer.status_code)


def test_a_domain_can_be_closed_for_changes_by_owners(
    rita: Client, client: Client, anna: Mailbox
) -> None:
    rita.post(f"{DOMAIN}example.org/change/", LIMITS)
    assert ("rita", "domain.change", "example.org") in logged("domain.change")
    assert "Only an administrator can change passwords" in change(client)
    # Not without the current password.
    assert "Only an administrator" not in change(client, current="wrong")
    assert Mailbox.objects.get().check_password(PASSWORD)
    otto = signed_in("helpdesk", "example.org")
    form = {"new_password1": NEW, "new_password2": NEW}
    assert otto.post(f"{MAILBOX}anna_40example.org/password/", form).status_code == 302
    rita.post(f"{DOMAIN}example.org/change/", LIMITS | {"self_service": "on"})
    assert change(client, PASSWORD, NEW) == "302"


def test_a_new_domain_of_the_same_name_is_open_again(domain: Domain) -> None:
    actions.set_self_service(TESTER, domain, False)
    actions.delete_domain(TESTER, domain)
    rita = signed_in("superuser", name="boss")
    rita.post(f"{DOMAIN}add/", LIMITS | {"domain": "example.org", "self_service": "on"})
    page = rita.get(f"{DOMAIN}example.org/change/").content.decode()
    assert re.search(r'<input[^>]*name="self_service"[^>]* checked', page)


def test_owners_have_to_choose_another_password(client: Client, anna: Mailbox) -> None:
    assert "This is your current password" in change(client, PASSWORD)
    assert change(client) == "302"


def test_a_temporary_password_is_marked_until_the_owner_has_changed_it(
    rita: Client, client: Client, anna: Mailbox
) -> None:
    form = {"new_password1": NEW, "new_password2": NEW, "is_temporary": "on"}
    rita.post(f"{MAILBOX}anna_40example.org/password/", form)
    asked = "should choose another password but hasn"
    assert asked in rita.get(f"{MAILBOX}anna_40example.org/change/").content.decode()
    assert change(client, PASSWORD, NEW) == "302"
    assert asked not in rita.get(f"{MAILBOX}anna_40example.org/change/").content.decode()


def test_a_new_administrator_chooses_a_password_at_the_first_visit(rita: Client) -> None:
    form = {"username": "otto", "password1": PASSWORD, "password2": PASSWORD, "role": "auditor"}
    rita.post("/admin/auth/user/add/", form | {"is_temporary": "on"})
    client = Client()
    client.force_login(User.objects.get(username="otto"))
    assert client.get(MAILBOX)["Location"] == "/admin/password_change/"
    own = {"old_password": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert "current password" in client.post("/admin/password_change/", own).content.decode()
    own |= {"new_password1": NEW, "new_password2": NEW}
    assert client.post("/admin/password_change/", own)["Location"] == "/admin/"
    assert client.get(MAILBOX).status_code == 200
    again = Client()
    again.force_login(User.objects.get(username="otto"))
    assert again.get(MAILBOX).status_code == 200


def test_a_refused_domain_takes_nothing_from_its_administrators(domain: Domain) -> None:
    signed_in("domain", "example.org")
    actions.set_self_service(TESTER, domain, False)
    with pytest.raises(Refused, match="already exists"):
        actions.create_domain(TESTER, DomainName.parse("example.org"))
    assert actions.RoleAssignment.of(User.objects.get(username="otto")).domains == ("example.org",)
    assert not self_service.is_open("example.org")


def test_a_stale_form_does_not_open_a_domain_again(rita: Client, domain: Domain) -> None:
    page = rita.get(f"{DOMAIN}example.org/change/")
    shown = page.context["adminform"].form.signed_values
    actions.set_self_service(TESTER, domain, False)
    stale = LIMITS | {"self_service": "on", "shown": shown}
    refused = rita.post(f"{DOMAIN}example.org/change/", stale)
    assert "has been changed since you opened" in refused.content.decode()
    assert not self_service.is_open("example.org")


def test_a_password_stays_temporary_under_another_name(rita: Client, anna: Mailbox) -> None:
    otto = User(username="otto")
    actions.create_administrator(TESTER, otto, PASSWORD, actions.RoleAssignment("auditor"), True)
    form = {"username": "otis", "role": "auditor", "is_active": "on"}
    rita.post(f"/admin/auth/user/{otto.pk}/change/", form)
    assert self_service.is_demanded(AccountKind.ADMINISTRATOR, "otis")
    assert not self_service.is_demanded(AccountKind.ADMINISTRATOR, "otto")


def test_a_new_mailbox_of_the_same_name_is_not_marked(domain: Domain, anna: Mailbox) -> None:
    self_service.set_demand(AccountKind.MAILBOX, anna.pk, True)
    actions.delete_mailbox(TESTER, anna)
    assert not self_service.is_demanded(AccountKind.MAILBOX, anna.pk)
    self_service.set_demand(AccountKind.MAILBOX, anna.pk, True)
    actions.delete_domain(TESTER, domain)
    assert not self_service.is_demanded(AccountKind.MAILBOX, anna.pk)


@pytest.mark.parametrize("is_temporary", [True, False])
def test_a_temporary_password_is_changed_before_the_second_factor_is_set_up(
    settings: Settings, tables: None, is_temporary: bool
) -> None:
    settings.SECOND_FACTOR_REQUIRED = ["auditor"]
    otto = User(username="otto")
    assignment = actions.RoleAssignment("auditor")
    actions.create_administrator(TESTER, otto, PASSWORD, assignment, is_temporary)
    client = Client()
    client.force_login(otto)
    last = client.get("/admin/", follow=True).redirect_chain[-1][0]
    assert last == ("/admin/password_change/" if is_temporary else "/admin/second-factor/")
    if is_temporary:
        own = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
        page = client.post("/admin/password_change/", own, follow=True)
        assert page.redirect_chain[-1][0] == "/admin/second-factor/"
