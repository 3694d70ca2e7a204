"""The page on which superusers adopt another program's tables, read again, and forget that."""

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from mailboxes import actions, queries
from mailboxes.addresses import Address
from mailboxes.adoption.mark import find_adoption
from mailboxes.adoption.models import Adoption
from mailboxes.models import Mailbox, OldAdministrator
from mailboxes.second_factor.reauthentication import AUTHENTICATED_AT
from tests.conftest import PASSWORD, TESTER, logged

PAGE = "/admin/configuration/adoption/"
CONFIRM, FORGET = f"{PAGE}confirm/", f"{PAGE}forget/"


@pytest.fixture
def foreign(anna: Mailbox) -> Mailbox:
    """Tables with other columns first than the panel's own have, and one administrator."""
    with connections["mail"].cursor() as cursor:
        cursor.execute("ALTER TABLE alias_domain DROP COLUMN created")
        cursor.execute("ALTER TABLE alias_domain ADD COLUMN created datetime DEFAULT '2026-11-26'")
        cursor.execute("CREATE TABLE admin (username varchar(255), password varchar(255), "
                       "active integer, superadmin integer)")  # fmt: skip
        cursor.execute("CREATE TABLE domain_admins (domain text, username text, active integer)")
    OldAdministrator.objects.create(pk="super@example.org", password="{PLAIN}x", superadmin=1)
    return anna


def text(client: Client, url: str = PAGE) -> str:
    return client.get(url).content.decode()


def test_the_tables_are_read_adopted_and_forgotten(foreign: Mailbox, rita: Client) -> None:
    assert "have" in text(rita) and "been adopted" in text(rita)
    assert PAGE in text(rita, "/admin/configuration/")
    report = rita.post(PAGE).content.decode()
    assert "Stored as" in report and CONFIRM in report and find_adoption() is None
    page = rita.post(CONFIRM, {"folders": "user@domain/", "administrators": "on"})
    assert "super@example.org: added as Superuser." in page.content.decode()
    adoption = find_adoption()
    assert adoption and adoption.folder_form == "user@domain/"
    assert User.objects.get(username="super@example.org").is_superuser
    assert "user@domain/" in text(rita) and CONFIRM not in rita.post(PAGE).content.decode()
    assert "is now on" not in text(rita)
    Adoption.objects.update(host="db1:3306")
    assert "is now on SQLite" in text(rita)
    assert "every password" in text(rita, FORGET)
    actions.create_mailbox(TESTER, Address.parse("new@example.org"), PASSWORD)
    assert "new@example.org" in text(rita, FORGET) and find_adoption()
    assert rita.post(FORGET).status_code == 302 and find_adoption() is None
    done = [entry[1] for entry in logged("maildatabase")]
    assert done == ["maildatabase.adopt", "maildatabase.forget"]


def test_administrators_are_only_added_on_request(foreign: Mailbox, rita: Client) -> None:
    assert rita.post(CONFIRM).status_code == 200 and find_adoption()
    assert not User.objects.filter(username="super@example.org").exists()


@pytest.mark.parametrize("url", [CONFIRM, FORGET])
def test_it_is_asked_again_who_it_is(foreign: Mailbox, rita: Client, url: str) -> None:
    session = rita.session
    session[AUTHENTICATED_AT] = 0
    session.save()
    page = rita.post(url)
    assert page.status_code == 302 and page["Location"].startswith("/admin/confirm/")
    assert find_adoption() is None


def test_what_cannot_be_adopted_is_refused(
    foreign: Mailbox, rita: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = rita.post(CONFIRM, {"folders": "elsewhere"})
    assert page.status_code == 409 and "elsewhere" in page.content.decode()
    monkeypatch.setattr(queries, "MAX_ROWS", 0)
    for url in (PAGE, CONFIRM):
        page = rita.post(url)
        assert page.status_code == 409 and "manage.py adopt" in page.content.decode()
    assert find_adoption() is None


def test_the_panels_own_tables_are_not_adopted(anna: Mailbox, rita: Client) -> None:
    assert PAGE not in text(rita, "/admin/configuration/")
    page = rita.post(CONFIRM)
    assert page.status_code == 409 and "nothing to adopt" in page.content.decode()
