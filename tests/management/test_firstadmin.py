"""firstadmin creates one superuser, once."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command


def test_the_first_administrator_is_created_once(tables: None) -> None:
    first, second = StringIO(), StringIO()
    call_command("firstadmin", stdout=first)
    call_command("firstadmin", stdout=second)
    assert "admin" in first.getvalue() and second.getvalue() == ""


@pytest.mark.parametrize(
    ("more", "is_created"),
    [
        ({"password": "four unrelated words"}, False),
        ({"password": "four unrelated words", "is_active": False}, True),
        ({}, True),
    ],
)
def test_a_superuser_who_cannot_sign_in_does_not_count(
    tables: None, more: dict[str, Any], is_created: bool
) -> None:
    User.objects.create_superuser("super@example.org", **more)
    call_command("firstadmin", stdout=StringIO())
    assert User.objects.filter(username="admin").exists() is is_created


def test_an_admin_without_superuser_status_is_an_error(tables: None) -> None:
    User.objects.create_user("admin", is_staff=True)
    out = StringIO()
    with pytest.raises(CommandError, match="doesn't have superuser status") as refused:
        call_command("firstadmin", stdout=out)
    assert refused.value.returncode == 1 and out.getvalue() == ""
    assert not User.objects.filter(is_superuser=True)
