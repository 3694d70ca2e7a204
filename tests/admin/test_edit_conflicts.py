"""Two people edit one row: the later one sees the difference before overwriting it."""

import re
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client

from mailboxes import actions
from mailboxes.access.scope import EVERYTHING
from mailboxes.actions.administrators import RoleAssignment, create_administrator
from mailboxes.addresses import Address
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.conf import mail_host
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.admin.conftest import ALIAS, DOMAIN, MAILBOX
from tests.conftest import PASSWORD, TESTER

pytestmark = pytest.mark.finding("lost-update")
BOB = Actor(ADMINISTRATOR, "bob", scope=EVERYTHING)
FORM = {"name": "Anna of today", "quota_0": "1G", "active": "on"}


def opened(client: Client, url: str) -> dict[str, str]:
    """Return the hidden fields of a form."""
    page = client.get(url).content.decode()
    form = page[page.index('class="form"') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def refused(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.fixture
def url(anna: Mailbox) -> str:
    return f"{MAILBOX}{quote(anna.pk)}/change/"


def test_a_stale_form_does_not_enable_what_someone_else_has_disabled(
    rita: Client, anna: Mailbox, url: str
) -> None:
    hidden = opened(rita, url)
    actions.set_active(BOB, anna, False)
    page = refused(rita.post(url, hidden | FORM))
    assert "“yes” was changed to “no” by bob, 1\xa0minute ago." in page
    assert "anna@example.org has been changed since you opened this page" in page
    assert 'value="Anna of today"' in page
    anna.refresh_from_db()
    assert (anna.active, anna.name) == (False, "Anna Berg")


def test_saving_again_overwrites_the_other_change(rita: Client, anna: Mailbox, url: str) -> None:
    hidden = opened(rita, url)
    actions.set_active(BOB, anna, False)
    page = refused(rita.post(url, hidden | FORM))
    again = dict(re.findall(r'<input type="hidden" name="(shown)" value="([^"]*)">', page))
    assert rita.post(url, again | FORM).status_code == 302
    anna.refresh_from_db()
    assert (anna.active, anna.name) == (True, "Anna of today")


def test_changes_by_other_programs_are_noticed(rita: Client, anna: Mailbox, url: str) -> None:
    hidden = opened(rita, url)
    Mailbox.objects.update(quota=2 << 30, password="{CRAM-MD5}another")
    page = refused(rita.post(url, hidden | FORM))
    assert "“no limit” was changed to “2 GiB”." in page
    assert "Password: changed." in page and "{CRAM-MD5}" not in page


def test_a_change_is_not_said_to_be_by_one_who_was_refused(
    rita: Client, anna: Mailbox, url: str
) -> None:
    hidden = opened(rita, url)
    Domain.objects.update(maxquota=-1)
    assert actions.set_quota_in_bulk(BOB, [anna], 2 << 30).refused
    Mailbox.objects.update(quota=2 << 30)
    page = refused(rita.post(url, hidden | FORM))
    assert "“no limit” was changed to “2 GiB”." in page


def test_a_new_password_is_noticed_and_no_hash_is_in_the_page(
    rita: Client, anna: Mailbox, url: str
) -> None:
    hidden = opened(rita, url)
    new = f"{PASSWORD} of today"
    actions.change_password(
        Actor("owner", anna.pk, scope=EVERYTHING), anna, new, mail_host().scheme
    )
    page = refused(rita.post(url, hidden | FORM))
    assert f"Password: changed by {anna.pk}, 1\xa0minute ago." in page
    assert anna.password not in str(hidden) + page


def test_an_unchanged_row_is_saved_even_if_another_one_changes(
    rita: Client, anna: Mailbox, bob: Mailbox, url: str
) -> None:
    hidden = opened(rita, url)
    actions.set_active(BOB, bob, False)
    assert rita.post(url, hidden | FORM).status_code == 302


@pytest.mark.parametrize("shown", ["", "forged", "of another row"])
def test_a_forged_or_foreign_field_is_refused(
    rita: Client, bob: Mailbox, url: str, shown: str
) -> None:
    if shown == "of another row":
        shown = opened(rita, f"{MAILBOX}{quote(bob.pk)}/change/")["shown"]
    page = refused(rita.post(url, FORM | {"shown": shown}))
    assert "This page is out of date" in page


def test_domains_aliases_and_alias_domains_are_compared_too(rita: Client, domain: Domain) -> None:
    Domain.objects.create(domain="example.net")
    alias = actions.create_alias(TESTER, Address.parse("all@example.org"), ["a@example.net"])
    alias_domain = actions.create_alias_domain(TESTER, "example.net", "example.org")
    limits = {
        "mailboxes": "0",
        "aliases": "0",
        "maxquota_0": "0",
        "quota_0": "0",
        "delivery": "local",
    }
    forms = {
        f"{DOMAIN}{domain.pk}/change/": limits | {"active": "on"},
        f"{ALIAS}{quote(alias.pk)}/change/": {"goto": "c@example.net", "active": "on"},
        f"/admin/mailboxes/aliasdomain/{alias_domain.pk}/change/": {"active": "on"},
    }
    hidden = {url: opened(rita, url) for url in forms}
    Domain.objects.update(description="new")
    actions.change_alias(BOB, alias, ["a@example.net", "b@example.net"])
    AliasDomain.objects.update(active=False)
    pages = [refused(rita.post(url, hidden[url] | data)) for url, data in forms.items()]
    assert "“(empty)” was changed to “new”." in pages[0]
    assert "“a@example.net” was changed to “a@example.net, b@example.net” by bob" in pages[1]
    assert "“yes” was changed to “no”." in pages[2]
    assert Domain.objects.get(pk=domain.pk).description == "new"
    assert Alias.objects.get().targets == ["a@example.net", "b@example.net"]
    assert not AliasDomain.objects.get().active


def test_administrators_are_compared_too(rita: Client, anna: Mailbox) -> None:
    otto, assignment = User(username="otto"), RoleAssignment("helpdesk", True)
    create_administrator(TESTER, otto, PASSWORD, assignment)
    url = f"/admin/auth/user/{otto.pk}/change/"
    hidden = opened(rita, url)
    data = {"username": "otto", "is_active": "on", "role": "helpdesk", "all_domains": "on"}
    changed = {"role": "domain", "first_name": "Otto"}
    assert rita.post(url, opened(rita, url) | data | changed).status_code == 302
    page = refused(rita.post(url, hidden | data))
    assert "“Helpdesk” was changed to “Domain administrator” by rita, 1\xa0minute ago" in page
    assert "“(empty)” was changed to “Otto” by rita" in page
    assert User.objects.get(pk=otto.pk).first_name == "Otto"
