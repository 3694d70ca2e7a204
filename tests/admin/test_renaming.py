"""The page that renames a mailbox or a domain."""

import re
from html import unescape

import pytest
from django.conf import settings
from django.test import Client

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.models import Alias, Domain, Mailbox
from tests import page_forms
from tests.admin.conftest import DOMAIN, MAILBOX, signed_in
from tests.conftest import TESTER

URL = f"{MAILBOX}anna_40example.org/rename/"
ANNE = {"address_0": "anne", "address_1": "example.org", "keeps_old": "on"}


def text(page: object) -> str:
    return unescape(page.content.decode())  # type: ignore[attr-defined]


def read_form(page: str) -> dict[str, str]:
    return page_forms.read_form(page, "card")


@pytest.mark.logged_fixtures
def test_the_page_shows_what_will_change_and_then_renames(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), [anna.pk])
    form = rita.get(URL)
    assert "<h1>Rename anna@<wbr>example.org</h1>" in text(form)
    focus, crumb = re.search("<input[^>]*autofocus", text(form)), text(form).count(">anna@")
    assert focus and 'name="address_0"' in focus[0] and crumb == 1
    asked = rita.post(URL, read_form(text(form)) | ANNE)
    assert "The alias info@example.org forwards to anne@example.org." in text(asked)
    assert "anna@example.org becomes an alias" in text(asked) and "postsuper -r ALL" in text(asked)
    assert Mailbox.objects.filter(pk=anna.pk).exists()
    done = rita.post(URL, read_form(text(asked)) | {"confirm": "yes"}, follow=True)
    assert "anna@example.org is now called anne@example.org." in text(done)
    assert "doveadm kick anna@example.org" in text(done)
    assert done.redirect_chain == [(f"{MAILBOX}anne_40example.org/change/", 302)]
    history = text(rita.get(f"{MAILBOX}anne_40example.org/history/"))
    assert "anna@example.org added" in history and "renamed" in history


def test_an_error_is_shown_before_anyone_confirms(rita: Client, anna: Mailbox) -> None:
    page = rita.post(URL, ANNE | {"address_0": "anna"})
    assert "anna@example.org already has this name." in text(page)
    assert 'name="confirm"' not in text(page)


def test_a_name_that_makes_a_loop_is_refused_on_the_page(rita: Client, anna: Mailbox) -> None:
    Alias.objects.filter(pk=anna.pk).update(goto="x@example.org")
    Alias.objects.create(address="x@example.org", goto="anne@example.org", domain_id="example.org")
    page = text(rita.post(URL, ANNE | {"confirm": "yes"}))
    assert "This would be a loop" in page and Mailbox.objects.filter(pk=anna.pk).exists()


def test_a_mailbox_that_was_changed_meanwhile_is_not_renamed(rita: Client, anna: Mailbox) -> None:
    asked = read_form(text(rita.post(URL, ANNE)))
    Mailbox.objects.filter(pk=anna.pk).update(name="Another")
    page = rita.post(URL, asked | {"confirm": "yes"})
    assert "anna@example.org has been changed since" in text(page)
    assert Mailbox.objects.filter(pk=anna.pk).exists()


def test_the_new_folder_must_have_been_linked(
    rita: Client, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "MAIL_LOCATION", f"maildir:{settings.MAIL_HOME}/%d/%n/Maildir")
    page = text(rita.post(URL, ANNE | {"confirm": "yes"}))
    old, new = (f"{settings.MAIL_HOME}/example.org/{name}" for name in ("anna", "anne"))
    assert f"ln -sT {old} {new}" in page and f"mv -T {old} {new}" in page
    assert "First run the command that links" in page
    rita.post(URL, ANNE | {"confirm": "yes", "folder_is_linked": "on"})
    assert Mailbox.objects.filter(pk="anne@example.org").exists()


def test_aliases_out_of_reach_follow_without_being_shown(anna: Mailbox) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias(TESTER, Address.parse("secret@example.net"), [anna.pk])
    otto = signed_in("domain", "example.org")
    assert "secret@example.net" not in text(otto.post(URL, ANNE))
    otto.post(URL, ANNE | {"confirm": "yes"})
    assert Alias.objects.get(pk="secret@example.net").goto == "anne@example.org"


def test_a_domain_is_renamed_after_its_counts_were_shown(rita: Client, anna: Mailbox) -> None:
    actions.create_alias(TESTER, Address.parse("info@example.org"), [anna.pk, "x@example.com"])
    url = f"{DOMAIN}example.org/rename/"
    asked = text(rita.post(url, {"domain": "example.com", "keeps_old": "on"}))
    for line in ("1 mailbox and 1 other alias.", "example.org becomes an alias domain"):
        assert line in asked
    assert Domain.objects.get().pk == "example.org"
    done = rita.post(url, read_form(asked) | {"confirm": "yes"}, follow=True)
    assert "example.org is now called example.com." in text(done)
    lost = "info@example.com doesn't reach all of its targets: x@example.com (doesn't exist)."
    assert lost in text(done)
    assert Mailbox.objects.get().pk == "anna@example.com"
    refused = text(rita.post(f"{DOMAIN}example.com/rename/", {"domain": "example.org"}))
    assert "already exists" in refused and 'name="confirm"' not in refused


def test_a_domain_that_is_too_large_for_a_page_is_left_to_the_command(
    rita: Client, anna: Mailbox, bob: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailboxes.forms.renaming.MAX_ROWS", 1)
    page = text(rita.post(f"{DOMAIN}example.org/rename/", {"domain": "example.com"}))
    assert "manage.py renamedomain" in page and 'name="confirm"' not in page
