"""Administrators: their permissions, passwords and sessions, and what is logged about them."""

import re
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from mailboxes.audit.models import Subject
from mailboxes.models import Mailbox
from tests.conftest import PASSWORD, logged

USER = "/admin/auth/user/"


def change(rita: Client, user: User, **fields: Any) -> Any:
    data = {"username": user.username, "is_active": "on", "is_staff": "on"} | fields
    return rita.post(f"{USER}{user.pk}/change/", data)


def test_a_new_administrator_can_sign_in_but_has_no_permissions(rita: Client) -> None:
    form = {"username": "otto", "password1": PASSWORD, "password2": PASSWORD}
    assert rita.post(f"{USER}add/", form).status_code == 302
    otto = User.objects.get(username="otto")
    assert otto.is_staff and not otto.is_superuser and not otto.get_all_permissions()
    client = Client()
    assert otto.check_password(PASSWORD)
    client.force_login(otto)
    assert client.get("/admin/").status_code == 200


def test_a_password_that_is_too_easy_is_refused(rita: Client) -> None:
    form = {"username": "otto", "password1": "short", "password2": "short"}
    page = rita.post(f"{USER}add/", form)
    assert "too short" in page.content.decode() and not User.objects.filter(username="otto")


def test_permissions_are_granted_by_checkboxes_with_readable_labels(rita: Client) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    page = rita.get(f"{USER}{otto.pk}/change/").content.decode()
    assert "Mailboxes: change" in page and "Can change" not in page
    assert "Sessions" not in page and "log entr" not in page.lower()
    right = Permission.objects.get(codename="view_alias")
    group = Group.objects.create(name="lookers")
    change(rita, otto, user_permissions=[right.pk], groups=[group.pk])
    otto = User.objects.get(pk=otto.pk)
    assert otto.has_perm("mailboxes.view_alias") and otto.groups.get() == group


def test_permissions_outside_the_panel_cannot_be_granted(rita: Client) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    right = Permission.objects.get(codename="delete_session")
    page = change(rita, otto, user_permissions=[right.pk])
    assert page.status_code == 200 and "not one of the available choices" in page.content.decode()


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
def test_changes_of_administrators_are_logged_without_passwords(rita: Client) -> None:
    new = "four unrelated words"
    rita.post(f"{USER}add/", {"username": "otto", "password1": new, "password2": new})
    otto = User.objects.get(username="otto")
    change(rita, otto, first_name="Otto")
    rita.post(f"{USER}{otto.pk}/password/", {"password1": new + "!", "password2": new + "!"})
    assert logged("administrator") == [
        ("rita", "administrator.create", "otto"),
        ("rita", "administrator.change", "otto"),
        ("rita", "administrator.change", "otto"),
    ]
    changes = [row.changes for row in Subject.objects.filter(name="otto").order_by("pk")]
    assert changes[1]["first_name"] == ["", "Otto"] and changes[2] == {"password": []}
    assert new not in str(changes) and "pbkdf2" not in str(changes)


def test_deleting_an_administrator_requires_permission(tables: None) -> None:
    otto = User.objects.create_user("otto", is_staff=True)
    otto.user_permissions.set(Permission.objects.filter(codename="view_user"))
    client = Client()
    client.force_login(otto)
    assert client.post(f"{USER}{otto.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.get() == otto


@pytest.mark.finding("privileged-reset")
@pytest.mark.finding("unscoped-query")
def test_only_superusers_can_create_or_change_superusers(rita: Client) -> None:
    codes = ["view_user", "add_user", "change_user", "delete_user", "change_group", "add_group"]
    otto = User.objects.create_user("otto", is_staff=True)
    otto.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client = Client()
    client.force_login(otto)
    change(client, otto, is_superuser="on", first_name="Otto")
    otto.refresh_from_db()
    assert otto.first_name == "Otto" and not otto.is_superuser
    change(client, otto, user_permissions=[Permission.objects.get(codename="view_mailbox").pk])
    assert not User.objects.get(pk=otto.pk).has_perm("mailboxes.view_mailbox")
    boss = User.objects.get(username="rita")
    assert change(client, boss, first_name="x").status_code == 403
    form = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post(f"{USER}{boss.pk}/password/", form).status_code == 403
    assert client.post(f"{USER}{boss.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/auth/group/add/").status_code == 403


def test_superusers_cannot_lock_themselves_out(rita: Client) -> None:
    boss = User.objects.get(username="rita")
    rita.post(f"{USER}{boss.pk}/change/", {"username": "rita", "first_name": "Rita"})
    boss.refresh_from_db()
    assert boss.first_name == "Rita" and boss.is_superuser and boss.is_active and boss.is_staff
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


@pytest.mark.parametrize("url", [USER, f"{USER}add/", f"{USER}1/change/", "/admin/auth/group/add/"])
def test_administrator_pages_only_load_the_panels_own_scripts(rita: Client, url: str) -> None:
    page = rita.get(url, follow=True).content.decode()
    scripts = re.findall(r'<script[^>]* src="([^"]*)"', page)
    assert scripts and [path for path in scripts if "mailadmin/" not in path] == []
