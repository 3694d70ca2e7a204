"""Whether owners may change their passwords, and who has to choose another one."""

import re

from django.contrib.auth.models import User
from django.test import Client

from mailboxes import actions
from mailboxes.models import Domain, Mailbox
from tests.admin.conftest import DOMAIN, MAILBOX, signed_in
from tests.conftest import PASSWORD, TESTER, logged

NEW = "quite another password"
LIMITS = {"mailboxes": "0", "aliases": "0", "maxquota_0": "0", "quota_0": "0", "active": "on"}


def change(client: Client, new: str = NEW, current: str = PASSWORD) -> str:
    form = {"address": "anna@example.org", "current_password": current}
    answer = client.post("/password/", form | {"new_password1": new, "new_password2": new})
    return answer.content.decode() if answer.status_code == 200 else str(answer.status_code)


def test_a_domain_can_be_closed_for_changes_by_owners(
    rita: Client, client: Client, anna: Mailbox
) -> None:
    rita.post(f"{DOMAIN}example.org/change/", LIMITS)
    assert ("rita", "domain.change", "example.org") in logged("domain.change")
    assert "are changed by its administrator" in change(client)
    assert "are changed" not in change(client, current="wrong")  # nothing is told before signing in
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
    asked = "has been asked to choose another password"
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
