"""Administrators: their permissions, passwords and sessions, and what is logged about them."""

import re
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client

from mailboxes.actions.administrators import RoleAssignment
from mailboxes.audit.models import Entry, Subject
from mailboxes.models import Domain, Mailbox
from tests.admin.conftest import signed_in
from tests.conftest import PASSWORD, logged

USER = "/admin/auth/user/"


def change(rita: Client, user: User, **fields: Any) -> Any:
    data = {"username": user.username, "is_active": "on", "role": "auditor"} | fields
    return rita.post(f"{USER}{user.pk}/change/", data)


def add(rita: Client, **fields: str) -> Any:
    form = {"username": "otto", "password1": PASSWORD, "password2": PASSWORD, "role": "auditor"}
    return rita.post(f"{USER}add/", form | fields)


def test_a_new_administrator_has_the_chosen_role(rita: Client, domain: Domain) -> None:
    assert add(rita, role="helpdesk", domains="EXAMPLE.org").status_code == 302
    otto = User.objects.get(username="otto")
    assert otto.is_staff and not otto.is_superuser and otto.check_password(PASSWORD)
    assert RoleAssignment.of(otto) == RoleAssignment("helpdesk", False, ("example.org",))
    client = Client()
    client.force_login(otto)
    assert client.get("/admin/mailboxes/domain/").status_code == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password2": "something else entirely"}, "match"),
        ({"role": "helpdesk"}, "Enter the domains of this role"),
        ({"role": "domain", "domains": "example.org nowhere.example"}, "nowhere.example"),
        ({"role": "owner"}, "not one of the available choices"),
        ({"role": ""}, "required"),
        ({"username": "rita"}, "already exists"),
    ],
)
def test_an_invalid_administrator_is_refused_beside_the_field(
    rita: Client, domain: Domain, fields: dict[str, str], sentence: str
) -> None:
    page = add(rita, **fields)
    assert page.status_code == 200 and sentence in str(page.context["adminform"].form.errors)
    assert User.objects.get().username == "rita"


@pytest.mark.finding("revived-session")
def test_a_session_ends_for_good_when_its_administrator_is_deactivated(rita: Client) -> None:
    otto, client = User.objects.create_user("otto", password=PASSWORD, is_staff=True), Client()
    assert change(rita, otto).status_code == 302
    client.force_login(otto)
    assert client.get("/admin/").status_code == 200
    for active in ("", "on"):
        assert change(rita, otto, is_active=active).status_code == 302
    assert client.get("/admin/").status_code == 302
    assert rita.get("/admin/").status_code == 200
    client.force_login(otto)
    assert client.get("/admin/").status_code == 200


def test_each_role_describes_what_it_allows(rita: Client) -> None:
    page = rita.get(f"{USER}add/").content.decode()
    for text in ("Has full access", "Sets new passwords", "Can&#x27;t change anything."):
        assert text in page
    assert "Groups" not in page and "user_permissions" not in page


def test_a_change_of_role_ends_the_sessions(rita: Client, domain: Domain) -> None:
    add(rita)
    otto, client = User.objects.get(username="otto"), Client()
    client.force_login(otto)
    assert client.get("/admin/").status_code == 200
    change(rita, otto, first_name="Otto")
    assert client.get("/admin/").status_code == 200
    change(rita, otto, role="domain", domains="example.org")
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain and "Your role has changed" in answer.content.decode()


@pytest.mark.finding("erased-log")
def test_an_administrators_entries_stay_in_the_log_after_deletion(
    rita: Client, anna: Mailbox
) -> None:
    otto = User.objects.create_superuser("otto")
    client = Client()
    client.force_login(otto)
    client.post(f"/admin/mailboxes/mailbox/{quote(anna.pk)}/set-active/", {"active": "0"})
    url = f"{USER}{otto.pk}/delete/"
    assert "The administrator otto." in rita.get(url).content.decode()
    rita.post(url, {"post": "yes"})
    assert not User.objects.filter(username="otto").exists()
    assert ("otto", "mailbox.disable", anna.pk) in logged()
    assert ("rita", "administrator.delete", "otto") in logged()


@pytest.mark.finding("password-in-log")
def test_changes_of_administrators_are_logged_without_passwords(
    rita: Client, domain: Domain
) -> None:
    add(rita)
    otto = User.objects.get(username="otto")
    change(rita, otto, first_name="Otto", role="helpdesk", domains="example.org")
    new = {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    rita.post(f"{USER}{otto.pk}/password/", new)
    assert logged("administrator") == [
        ("rita", "administrator.create", "otto"),
        ("rita", "administrator.change", "otto"),
        ("rita", "administrator.password", "otto"),
    ]
    changes = [row.changes for row in Subject.objects.filter(name="otto").order_by("pk")]
    assert changes[1]["first_name"] == ["", "Otto"] and changes[2] == {"password": []}
    assert changes[1]["role"] == ["auditor", "helpdesk"]
    assert changes[1]["domains"] == [[], ["example.org"]]
    assert PASSWORD not in str(changes) and "argon2" not in str(changes)
    page = rita.get(f"{USER}{otto.pk}/history/").content.decode()
    assert "Auditor" in page and "Helpdesk" in page


@pytest.mark.finding("rank")
@pytest.mark.finding("privileged-reset")
@pytest.mark.finding("unscoped-query")
@pytest.mark.parametrize("role", ["domain", "helpdesk", "auditor"])
def test_only_superusers_change_administrators(rita: Client, domain: Domain, role: str) -> None:
    client = signed_in(role, "example.org")
    signed_in("auditor", name="nora")
    nora = User.objects.get(username="nora")
    boss = User.objects.get(username="rita")
    form = {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}
    for user in (nora, boss, User.objects.get(username="otto")):
        assert change(client, user, role="superuser").status_code == 403
        assert client.post(f"{USER}{user.pk}/password/", form).status_code == 403
        assert client.post(f"{USER}{user.pk}/delete/", {"post": "yes"}).status_code == 403
        assert not User.objects.get(pk=user.pk).check_password(PASSWORD + "!")
    assert add(client, username="eve").status_code == 403
    assert User.objects.filter(is_superuser=True).get() == boss and User.objects.count() == 3
    assert change(rita, nora, role="superuser").status_code == 302  # the same request succeeds
    assert User.objects.get(pk=nora.pk).is_superuser


def test_superusers_cannot_lock_themselves_out(rita: Client) -> None:
    boss = User.objects.get(username="rita")
    rita.post(f"{USER}{boss.pk}/change/", {"username": "rita", "first_name": "Rita"})
    boss.refresh_from_db()
    assert boss.first_name == "Rita" and boss.is_superuser and boss.is_active and boss.is_staff
    change(rita, boss, role="auditor")
    assert User.objects.get(pk=boss.pk).is_superuser
    assert rita.post(f"{USER}{boss.pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_empty_value_is_shown_as_none(rita: Client) -> None:
    page = rita.get(USER).content.decode()
    assert ">none</span>" in page and "1 administrator<" in page and ">-<" not in page


def test_password_hashes_are_never_shown(rita: Client) -> None:
    otto = User.objects.create_user("otto", password=PASSWORD)
    stored = otto.password.split("$")
    page = rita.get(f"{USER}{otto.pk}/change/").content.decode()
    for part in (stored[0], stored[-1][:6], "algorithm"):
        assert part not in page


def test_setting_a_password_ends_the_sessions(rita: Client) -> None:
    otto = User.objects.create_user("otto", password="an old password", is_staff=True)
    client = Client()
    client.force_login(otto)
    url = f"{USER}{otto.pk}/password/"
    assert "authentication" not in rita.get(url).content.decode()
    wrong = {"password1": PASSWORD, "password2": "another", "set-password": ""}
    assert rita.post(url, wrong).status_code == 200
    assert client.get("/admin/").status_code == 200
    assert rita.post(url, wrong | {"password2": PASSWORD}).status_code == 302
    assert User.objects.get(pk=otto.pk).check_password(PASSWORD)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("url", [USER, f"{USER}add/", f"{USER}1/change/"])
def test_administrator_pages_only_load_the_panels_own_scripts(rita: Client, url: str) -> None:
    page = rita.get(url, follow=True).content.decode()
    scripts = re.findall(r'<script[^>]* src="([^"]*)"', page)
    assert scripts and [path for path in scripts if "mailadmin/" not in path] == []


def test_a_refused_change_of_an_administrator_is_logged(rita: Client) -> None:
    boss = User.objects.get()
    change(rita, boss, role="superuser", username="rita")
    add(rita, role="helpdesk")
    add(rita, password1="short", password2="short")
    [first, second] = Entry.objects.filter(action="administrator.create", phase="refused")
    assert "domains" in second.text + first.text and "too short" in second.text + first.text
