"""firstadmin creates one superuser, once."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command


def test_the_first_administrator_is_created_once(tables: None) -> None:
    first, second = StringIO(), StringIO()
    call_command("firstadmin", stdout=first)
    call_command("firstadmin", stdout=second)
    assert "admin" in first.getvalue() and second.getvalue() == ""


def test_an_admin_without_superuser_status_is_an_error(tables: None) -> None:
    User.objects.create_user("admin", is_staff=True)
    out = StringIO()
    with pytest.raises(CommandError, match="doesn't have superuser status") as refused:
        call_command("firstadmin", stdout=out)
    assert refused.value.returncode == 1 and out.getvalue() == ""
    assert not User.objects.filter(is_superuser=True)
