"""The pages that delete a large domain: they go on by themselves, or with a button."""

import pytest
from django.test import Client

from mailboxes import actions, foreign_rows
from mailboxes.actions import domain_deletion
from mailboxes.models import Domain, Mailbox
from tests.admin.conftest import DOMAIN, signed_in
from tests.admin.test_bulk_actions import hidden

URL = f"{DOMAIN}example.org/delete/"
CONFIRMED = {"post": "yes", "confirm": "example.org"}
UNFINISHED = "Its deletion was begun and isn&#x27;t finished."


@pytest.fixture(autouse=True)
def fifty_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_deletion, "rows_at_once", lambda: 50)


def test_a_large_domain_is_deleted_with_its_progress_shown(
    rita: Client, many: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = rita.get(URL).content.decode()
    assert "deleted in steps" in asked and "(not counted)" not in asked
    page = rita.post(URL, CONFIRMED)
    for number in (50, 100, 120):
        text = page.content.decode()
        assert f"{number} mailboxes and aliases of example.org are deleted." in text
        assert f'max="120" value="{number}"' in text and "data-autosubmit" in text
        assert UNFINISHED in rita.get(f"{DOMAIN}example.org/change/").content.decode()
        page = rita.post(URL, hidden(page))
    assert page.status_code == 302 and not Domain.objects.exists()
    text = rita.get(page["Location"]).content.decode()
    assert "All mailboxes and aliases of example.org are deleted." in text
    assert 'href="/admin/log/?q=example.org"' in text
    [entry] = rita.get("/admin/log/?action=mailbox.delete").context["entries"]
    assert rita.get(f"/admin/log/{entry.entry.pk}/").context["all"] == 120
    assert rita.post(URL, CONFIRMED, follow=True).status_code == 200


def test_enabling_the_domain_stops_its_deletion(rita: Client, many: list[str]) -> None:
    page = rita.post(URL, CONFIRMED)
    actions_url = f"{DOMAIN}example.org/set-active/"
    rita.post(actions_url, {"active": "1"})
    assert UNFINISHED not in rita.get(f"{DOMAIN}example.org/change/").content.decode()
    text = rita.post(URL, hidden(page), follow=True).content.decode()
    assert "has been enabled in the meantime" in text and Mailbox.objects.count() == 70


def test_each_step_needs_the_name_and_the_right(rita: Client, many: list[str]) -> None:
    page = rita.post(URL, CONFIRMED)
    otto = signed_in("domain", "example.org")
    assert otto.post(URL, hidden(page)).status_code == 403
    text = rita.post(URL, hidden(page) | {"confirm": ["x"]}, follow=True).content.decode()
    assert "Nothing was deleted." in text and Mailbox.objects.count() == 70


@pytest.mark.usefixtures("many")
def test_what_takes_too_long_to_count_is_said(
    rita: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_rows, "are_countable", lambda: False)
    assert "(not counted)" in rita.get(URL).content.decode()
    assert actions.is_deleted_in_steps(Domain.objects.get())
