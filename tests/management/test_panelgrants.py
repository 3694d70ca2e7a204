"""manage.py panelgrants"""

from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mailboxes.adoption.models import Adoption
from mailboxes.export import panel_grants

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
    both = {"default": {**MYSQL, "NAME": "panel"}, "mail": {**MYSQL, "NAME": "mail", **mail}}
    # Django's own are looked at by more than this command.
    monkeypatch.setattr(panel_grants, "settings", SimpleNamespace(DATABASES=both))


def test_both_databases_on_this_machine_get_the_passwords_in_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch)
    assert printed().startswith("SET NAMES utf8mb4;\nSET SESSION sql_mode = '';\n")
    assert r"ALTER USER 'panel'@'localhost' IDENTIFIED BY 'o''k\\x' ACCOUNT UNLOCK;" in printed()
    assert "GRANT ALL ON `panel`.* TO 'panel'@'127.0.0.1';" in printed()


def test_the_mail_database_is_given_whole_only_if_the_panels_own_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch)
    assert "GRANT SELECT, INSERT, UPDATE, DELETE ON `mail`.* TO 'panel'@'localhost';" in printed()
    assert "GRANT ALL ON `mail`" not in printed()
    assert f"FROM `panel`.{Adoption._meta.db_table} WHERE `database` = 'mail');" in printed()
    given = "SET @grant = CONCAT('GRANT ', @rights, ' ON `mail`.* TO ''panel''@''localhost''');"
    assert given in printed()


def test_a_server_elsewhere_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, HOST="db.example.org")
    assert "`panel`" in printed() and "`mail`" not in printed() and "@rights" not in printed()


def test_files_and_terminals_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="names a MySQL"):
        printed()
    use(monkeypatch)
    with pytest.raises(CommandError, match="contain passwords"):
        call_command("panelgrants", stdout=Terminal())
