"""Superusers who change administrators at the same time, and the transactions of their pages."""

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from pytest_django import Settings

from mailboxes.audit.models import Entry
from tests.admin.conftest import signed_in
from tests.conftest import PASSWORD, meanwhile

USER = "/admin/auth/user/"
ROLE = {"role": "auditor", "is_active": "on"}
TWICE = {"password1": PASSWORD + "!", "password2": PASSWORD + "!"}


class HasherWitness(MD5PasswordHasher):
    """A hasher that notes in how many transactions it runs, besides the test's own."""

    depths: list[int] = []

    def encode(self, password: str, salt: str) -> str:
        self.depths.append(len(connections["default"].savepoint_ids))
        return super().encode(password, salt)


def refusals(action: str) -> list[str]:
    found = Entry.objects.filter(action=f"administrator.{action}", phase="refused")
    return list(found.values_list("text", flat=True))


@pytest.fixture
def otto(rita: Client) -> User:
    signed_in("superuser")
    return User.objects.get(username="otto")


def test_two_superusers_who_delete_each_other_leave_one(rita: Client, otto: User) -> None:
    delete_rita = User.objects.filter(username="rita").delete
    with meanwhile(delete_rita):
        answer = rita.post(f"{USER}{otto.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert User.objects.get().username == "otto"
    [refused] = refusals("delete")
    assert "is the only superuser" in refused


def test_a_refused_deletion_is_a_message(rita: Client, otto: User) -> None:
    disable_rita = User.objects.filter(username="rita")
    with meanwhile(lambda: disable_rita.update(is_superuser=False)):
        answer = rita.post(f"{USER}{otto.pk}/delete/", {"post": "yes"})
    disable_rita.update(is_superuser=True)
    page = rita.get(answer["Location"]).content.decode()
    assert "otto is the only superuser. Add another one first." in page
    assert User.objects.filter(username="otto").exists()
    assert rita.post(f"{USER}{otto.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="otto").exists()


def test_an_administrator_who_was_deleted_meanwhile_is_not_deleted_twice(
    rita: Client, otto: User
) -> None:
    delete_otto = User.objects.filter(username="otto").delete
    with meanwhile(delete_otto):
        page: Any = rita.post(f"{USER}{otto.pk}/delete/", {"post": "yes"}, follow=True)
    assert "otto has been deleted in the meantime" in page.content.decode()
    assert not Entry.objects.filter(action="administrator.delete", phase="change").exists()


@pytest.mark.parametrize(
    ("url", "form"),
    [("change/", ROLE | {"username": "otto", "first_name": "Otto"}), ("password/", TWICE)],
)
def test_an_administrator_who_was_deleted_meanwhile_is_not_changed(
    rita: Client, otto: User, url: str, form: dict[str, str]
) -> None:
    delete_otto = User.objects.filter(username="otto").delete
    with meanwhile(delete_otto):
        page = rita.post(f"{USER}{otto.pk}/{url}", form, follow=True)
    assert "otto has been deleted in the meantime" in page.content.decode()
    assert User.objects.get().username == "rita"


def test_of_two_new_administrators_of_the_same_name_one_is_refused(rita: Client) -> None:
    def add() -> None:
        User.objects.create_user("nina")

    form = ROLE | TWICE | {"username": "nina"}
    with meanwhile(add):
        page = rita.post(f"{USER}add/", form)
    assert page.status_code == 200 and "nina already exists" in page.content.decode()
    assert not User.objects.get(username="nina").is_staff
    assert "already exists" in refusals("create")[0]


@pytest.mark.parametrize(
    ("url", "form"), [("add/", ROLE | TWICE | {"username": "nina"}), ("KEY/password/", TWICE)]
)
def test_a_password_is_hashed_outside_of_any_transaction(
    rita: Client, otto: User, settings: Settings, url: str, form: dict[str, str]
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.HasherWitness"]
    HasherWitness.depths.clear()
    assert rita.post(USER + url.replace("KEY", str(otto.pk)), form).status_code == 302
    assert HasherWitness.depths and not any(HasherWitness.depths)
