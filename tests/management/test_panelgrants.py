"""manage.py panelgrants"""

from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from mailboxes.adoption.models import Adoption

MYSQL = {
    "ENGINE": "django.db.backends.mysql",
    "HOST": "127.0.0.1",
    "USER": "panel",
    "PASSWORD": r"o'k\x",
}


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def printed() -> str:
    output = StringIO()
    call_command("panelgrants", stdout=output)
    return output.getvalue()


def use(monkeypatch: pytest.MonkeyPatch, **mail: Any) -> None:
    monkeypatch.setitem(settings.DATABASES, "default", {**MYSQL, "NAME": "panel"})
    monkeypatch.setitem(settings.DATABASES, "mail", {**MYSQL, "NAME": "mail", **mail})


def test_both_databases_on_this_machine_get_the_passwords_in_the_settings(
    tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    assert printed().startswith("SET NAMES utf8mb4;\nSET SESSION sql_mode = '';\n")
    assert r"ALTER USER 'panel'@'localhost' IDENTIFIED BY 'o''k\\x' ACCOUNT UNLOCK;" in printed()
    for name in ("panel", "mail"):
        assert f"GRANT ALL ON `{name}`.* TO 'panel'@'127.0.0.1';" in printed()


def test_of_an_adopted_database_only_rows_may_be_changed(
    tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    Adoption.objects.create(database="mail", quota_multiplier=1, adopted=timezone.now())
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON `mail`.* TO" in printed()
    assert "GRANT ALL ON `mail`" not in printed()


def test_of_tables_that_may_be_anothers_only_rows_may_be_changed(
    tables: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch)
    with connections["default"].cursor() as cursor:
        cursor.execute(f"DROP TABLE {Adoption._meta.db_table}")
    assert "GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER ON `mail`.* TO" in printed()


def test_a_server_elsewhere_is_left_out(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, HOST="db.example.org")
    assert "`panel`" in printed() and "`mail`" not in printed()


def test_files_and_terminals_are_refused(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="names a MySQL"):
        printed()
    use(monkeypatch)
    with pytest.raises(CommandError, match="contain passwords"):
        call_command("panelgrants", stdout=Terminal())
