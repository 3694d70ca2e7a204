"""The configuration page says when the mail host was given an older export."""

from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.management import CommandError, call_command
from django.test import Client
from django.test.signals import template_rendered
from pytest_django import Settings

from mailboxes import actions
from mailboxes.actions.imports.outcomes import ImportOptions, Verb
from mailboxes.actions.imports.rows import DomainRow
from mailboxes.addresses import DomainName
from mailboxes.deployment import applied
from mailboxes.deployment.models import Export
from mailboxes.errors import Refused
from mailboxes.export.identity import fingerprints, identity
from mailboxes.models import Domain
from tests.conftest import TESTER, logged

URL = "/admin/configuration/"
LINE = "mailadmin export {} applied 2026-11-27T03:55:10Z"
OLDER = "The mail host was last configured on"


@pytest.fixture(autouse=True)
def remote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of a mail host on the panel's machine, which has none yet."""
    monkeypatch.setattr(applied, "LOCAL_FILE", tmp_path / "applied")
    return tmp_path / "applied"


def page(client: Client) -> str:
    return " ".join(unescape(client.get(URL).content.decode()).split())


def report(client: Client, line: str) -> str:
    answer = client.post(f"{URL}applied/", {"line": line})
    assert answer.status_code == 302 and answer["Location"] == URL
    [message] = get_messages(answer.wsgi_request)
    return str(message)


def rendered(client: Client) -> int:
    """Return how many files of the bundle are rendered for the page."""
    names: list[str] = []

    def note(template: Any, **_other: object) -> None:
        names.append(template.name or "")

    template_rendered.connect(note)
    page(client)
    template_rendered.disconnect(note)
    return sum(name.endswith(("/apply", "/README", ".cf")) for name in names)


def download(client: Client) -> str:
    assert client.post(f"{URL}download/").status_code == 200
    return Export.objects.latest("exported").pk


def test_a_host_with_the_newest_export_is_not_mentioned(rita: Client, on_mysql: None) -> None:
    assert OLDER not in page(rita)
    once = rendered(rita)
    said = report(rita, f"\n{LINE.format(download(rita))}\n")
    assert said == "The panel now knows which export the mail host has."
    assert logged()[-1][1:] == ("configuration.apply", Export.objects.get().pk)
    assert OLDER not in page(rita)
    assert rendered(rita) == once > 0


def test_an_older_export_is_mentioned_with_the_files_that_have_changed_since(
    rita: Client, on_mysql: None, settings: Settings
) -> None:
    report(rita, LINE.format(download(rita)))
    settings.MAIL_HOSTNAME = "other.example.test"
    text = page(rita)
    assert f"{OLDER} 27 Nov 2026, 03:55 UTC" in text and "exported on" in text
    assert "Changed since: <code>postfix/main.cf</code></p>" in text
    report(rita, LINE.format(download(rita)).replace("2026", "2027"))
    assert OLDER not in page(rita)


def test_an_export_with_an_older_password_is_mentioned_too(
    rita: Client, on_mysql: None, settings: Settings
) -> None:
    report(rita, LINE.format(download(rita)))
    settings.MAIL_AUTH_PASSWORD = "another"
    assert "<code>grants.sql</code></p>" in page(rita)


def test_a_panel_on_the_mail_host_needs_no_line(
    rita: Client, on_mysql: None, settings: Settings, remote: Path
) -> None:
    assert 'name="line"' in page(rita)
    remote.write_text(LINE.format(download(rita)) + "\n")
    assert OLDER not in page(rita) and 'name="line"' not in page(rita)
    settings.MAIL_HOSTNAME = "other.example.test"
    assert OLDER in page(rita)
    remote.write_text(LINE.format("0" * 16))
    assert "with a bundle that this panel doesn't know" in page(rita)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "This is not the line that apply prints at its end."),
        ("mailadmin export 12 applied today", "This is not the line that apply prints at its end."),
        (LINE.format("0" * 16).replace("-27", "-99"), "This is not the line that apply prints"),
        (LINE.format("0" * 16), "This panel has not exported 0000000000000000."),
    ],
)
def test_other_lines_are_refused(rita: Client, on_mysql: None, line: str, sentence: str) -> None:
    assert report(rita, line).startswith(sentence)
    assert not Export.objects.exclude(applied=None) and not logged()


@pytest.mark.parametrize("is_local", [False, True])
def test_a_domain_that_the_host_serves_without_the_panel_can_only_be_prepared(
    rita: Client, on_mysql: None, remote: Path, is_local: bool
) -> None:
    line = f"{LINE.format(download(rita))} keeping old.example,older.example\n"
    if is_local:
        remote.write_text(line)
    else:
        report(rita, line)
    for name in ("old.example", "older.example"):
        with pytest.raises(CommandError, match=f"receives mail for {name} without the panel"):
            call_command("createdomain", name)
    command = ("createdomain", "old.example", "--disabled")
    call_command(*command, stdout=(out := StringIO()))
    assert "without the panel" not in out.getvalue()
    answer = rita.post("/admin/mailboxes/domain/old.example/set-active/", {"active": "1"})
    *_others, said = get_messages(answer.wsgi_request)
    assert "also receives mail for old.example without the panel" in str(said)
    chosen = {"action": "enable", "_selected_action": ["old.example"]}
    page = rita.post("/admin/mailboxes/domain/", chosen)
    assert "also receives mail for old.example without the panel" in unescape(page.content.decode())
    call_command("createdomain", "new.example")
    limits = dict.fromkeys(("mailboxes", "aliases", "maxquota_0", "quota_0"), "0")
    entered = {"domain": "older.example", "delivery": "local", "active": "on", **limits}
    page = rita.post("/admin/mailboxes/domain/add/", entered)
    assert "receives mail for older.example without the panel" in page.content.decode()
    rows = [DomainRow("2", "older.example"), DomainRow("3", "older.example", active=False)]
    planned = list(actions.plan_import(TESTER, rows, ImportOptions()))
    assert [outcome.verb for outcome in planned] == [Verb.REFUSE, Verb.CREATE]
    with pytest.raises(Refused, match="receives mail for older.example without the panel"):
        domain = Domain.objects.get(pk="new.example")
        actions.rename_domain(TESTER, domain, DomainName("older.example"))


def test_a_single_file_is_not_an_export(rita: Client, on_mysql: None) -> None:
    assert rita.post(f"{URL}download/", {"path": "grants.sql"}).status_code == 200
    assert not Export.objects.exists()


def test_the_command_remembers_what_it_exports(
    tables: None, on_mysql: None, tmp_path: Path
) -> None:
    call_command("exportconfig", "--output", tmp_path / "one")
    call_command("exportconfig", "--output", tmp_path / "two")
    export = Export.objects.get()
    assert f"export={export.pk}\n" in (tmp_path / "two/apply").read_text()
    assert {"postfix/main.cf", "etc/postfix/mailadmin/aliases.cf"} < export.files.keys()


def test_what_changes_nothing_on_the_host_is_no_other_export() -> None:
    one = fingerprints({"README": "a", "apply": "a", "etc/x": "a"})
    assert one.keys() == {"etc/x"}
    assert identity(one) == identity(fingerprints({"README": "b", "apply": "b", "etc/x": "a"}))
    assert identity(one) != identity(fingerprints({"etc/x": "b"}))
    assert identity(one) != identity(fingerprints({"etc/y": "a"}))
