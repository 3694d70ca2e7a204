from io import StringIO

from django.core.management import call_command


def test_the_first_administrator_is_created_once(tables: None) -> None:
    first, second = StringIO(), StringIO()
    call_command("firstadmin", stdout=first)
    call_command("firstadmin", stdout=second)
    assert "admin" in first.getvalue() and second.getvalue() == ""
