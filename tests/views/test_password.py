"""The password page: one answer for every wrong sign-in, lockout, and no leaked password."""

import logging
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from mailboxes import actions
from mailboxes.access import self_service
from mailboxes.access.scope import Scope
from mailboxes.accounts import AccountKind
from mailboxes.addresses import Address, DomainName
from mailboxes.audit.actors import OWNER, Actor
from mailboxes.audit.models import Entry, Phase
from mailboxes.conf import mail_host
from mailboxes.forms.password import ChangePasswordForm
from mailboxes.models import Domain, Mailbox
from mailboxes.throttle.models import Counter
from tests.conftest import PASSWORD, TESTER
from tests.hashes import MD5

NEW = "quite another password"
WRONG = "The address or the current password is wrong, or the mailbox is disabled."


def send(client: Client, address: str = "anna@example.org", **fields: str) -> Any:
    data = {"current_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    return client.post("/password/", {"address": address, **data, **fields})


def test_an_owner_changes_the_password(client: Client, anna: Mailbox) -> None:
    answer = send(client, "Anna@Example.ORG", new_password1=f" {NEW} ", new_password2=f" {NEW} ")
    assert answer.status_code == 302 and answer["Location"] == "/password/changed/"
    anna.refresh_from_db()
    assert anna.check_password(f" {NEW} ") and not anna.check_password(PASSWORD)
    assert "old one no longer works" in client.get("/password/changed/").content.decode()


@pytest.mark.finding("old-password-skipped")
def test_unknown_wrong_and_disabled_get_the_same_answer(client: Client, anna: Mailbox) -> None:
    actions.set_active(TESTER, anna, False)
    disabled = send(client)
    actions.set_active(TESTER, anna, True)
    actions.set_active(TESTER, Domain.objects.get(), False)
    of_disabled_domain = send(client)
    actions.set_active(TESTER, Domain.objects.get(), True)
    wrong = send(client, current_password="wrong")
    pages = [disabled, of_disabled_domain, wrong]
    pages += [send(client, address) for address in ("nobody@example.org", "no@address@at.all")]
    for page in pages:
        assert page.status_code == 200
        assert page.context["form"].errors == {"__all__": [WRONG]}
        focus = re.search(r"<input[^>]*autofocus", page.content.decode())
        assert focus and 'name="current_password"' in focus[0]
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("new", "again", "field", "reason"),
    [
        ("short", "short", "new_password1", "too short"),
        ("anna@example.org", "anna@example.org", "new_password1", "easy to guess"),
        (NEW, NEW + "x", "new_password2", "match"),
        ("", NEW, "new_password2", "match"),
        ("with a\ttabulator in it", "with a\ttabulator in it", "new_password1", "control"),
    ],
)
def test_an_invalid_new_password_is_refused(
    client: Client, anna: Mailbox, new: str, again: str, field: str, reason: str
) -> None:
    page = send(client, new_password1=new, new_password2=again)
    assert reason in str(page.context["form"].errors[field])
    anna.refresh_from_db()
    assert anna.check_password(PASSWORD)


@pytest.mark.finding("old-password-skipped")
def test_the_old_password_is_checked_before_the_new_one(client: Client, anna: Mailbox) -> None:
    page = send(client, current_password="wrong", new_password1="x", new_password2="y")
    assert page.context["form"].errors == {"__all__": [WRONG]}


@pytest.mark.finding("unthrottled-reset")
def test_five_failures_lock_the_pair_of_address_and_client(
    client: Client, anna: Mailbox, bob: Mailbox
) -> None:
    answers = [send(client, current_password="wrong").status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 200, 429]
    assert send(client).status_code == 429
    assert send(Client(REMOTE_ADDR="192.0.2.7")).status_code == 302
    assert send(client, "bob@example.org", current_password=PASSWORD + " of Bob").status_code == 302


@pytest.mark.finding("unthrottled-reset")
def test_unknown_addresses_are_locked_too(client: Client, domain: Domain) -> None:
    answers = [send(client, "nobody@example.org").status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 200, 429]


def test_a_success_clears_the_failures(client: Client, anna: Mailbox) -> None:
    for _ in range(4):
        send(client, current_password="wrong")
    assert send(client).status_code == 302
    answers = [send(client, current_password="wrong").status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 200, 429]


def test_the_page_of_a_locked_owner_says_how_long_to_wait_and_what_else_to_do(
    client: Client, anna: Mailbox
) -> None:
    for _ in range(6):
        page = send(client, current_password="wrong")
    text = page.content.decode()
    assert "Wait 15 minutes" in text and "contact your administrator" in text
    assert "manage.py unlock" in text
    assert 840 < int(page["Retry-After"]) <= 900


@pytest.mark.finding("unguarded-delete")
def test_forwarding_headers_from_clients_are_not_trusted(client: Client, anna: Mailbox) -> None:
    for number in range(5):
        headers = {"X-Real-IP": f"192.0.2.{number}", "X-Forwarded-For": f"192.0.2.{number}"}
        send(Client(headers=headers), current_password="wrong")
    assert send(client).status_code == 429


def test_behind_a_proxy_its_header_is_trusted(settings: Settings, anna: Mailbox) -> None:
    settings.BEHIND_PROXY = True
    for _ in range(5):
        headers = {"X-Real-IP": "192.0.2.1"}
        send(Client(headers=headers), current_password="wrong")
    assert send(Client(headers={"X-Real-IP": "192.0.2.1"})).status_code == 429
    assert send(Client(headers={"X-Real-IP": "192.0.2.2"})).status_code == 302


@pytest.mark.finding("password-in-log")
def test_passwords_are_never_logged_stored_or_shown(
    client: Client, anna: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = send(client, current_password="a wrong secret")
    attempts = str([*Counter.objects.values(), *Entry.objects.values()])
    assert "anna@example.org" in attempts
    send(client)
    for secret in (PASSWORD, NEW, "a wrong secret", Mailbox.objects.get().password):
        assert secret not in caplog.text + attempts
        assert secret == NEW or secret not in page.content.decode()


def test_a_mistake_in_the_old_password_only_empties_its_field(
    client: Client, anna: Mailbox
) -> None:
    page = send(client, current_password="a wrong secret")
    text = page.content.decode()
    assert text.count(f'value="{NEW}"') == 2 and "a wrong secret" not in text
    assert "no-store" in page["Cache-Control"]


@pytest.mark.finding("csrf")
def test_the_form_requires_its_csrf_token(anna: Mailbox) -> None:
    assert send(Client(enforce_csrf_checks=True)).status_code == 403


def test_the_page_says_when_the_change_takes_effect_and_only_leads_to_the_sign_in(
    client: Client, tables: None
) -> None:
    page = client.get("/password/")
    assert "takes effect immediately" in page.content.decode()
    assert page.content.decode().count("/admin/") == 1
    assert '<a href="/admin/login/">' in page.content.decode()
    sign_in = client.get("/admin/login/").content.decode()
    assert '<a href="/password/">' in sign_in and "manage.py changepassword NAME" in sign_in
    assert "no-store" in page["Cache-Control"]


def test_the_home_page_redirects_to_the_password_page_or_the_admin(
    client: Client, rita: Client
) -> None:
    assert client.get("/")["Location"] == "/password/"
    assert rita.get("/")["Location"] == "/admin/"


KEEP = {"current_password": "foo", "new_password1": "", "new_password2": ""}


def test_an_owner_who_leaves_the_new_password_empty_keeps_the_current_one(
    client: Client, anna: Mailbox
) -> None:
    Mailbox.objects.update(password=MD5)
    answer = send(client, **KEEP)
    assert answer.status_code == 302 and answer["Location"] == "/password/kept/"
    anna.refresh_from_db()
    assert anna.password.startswith("{CRAM-MD5}") and anna.check_password("foo")
    assert "keep working with this password" in client.get("/password/kept/").content.decode()
    before = anna.password
    assert send(client, **KEEP)["Location"] == "/password/kept/"
    anna.refresh_from_db()
    assert anna.password == before
    assert actions_of(anna) == ["mailbox.rehash", "mailbox.sign-in"]


@pytest.mark.parametrize("new", [{}, KEEP | {"current_password": PASSWORD}])
def test_owners_are_told_which_form_of_an_address_mail_programs_take(
    client: Client, anna: Mailbox, new: dict[str, str]
) -> None:
    domain = actions.create_domain(TESTER, DomainName.parse("müller.example"))
    readable = "carl@müller.example"
    actions.create_mailbox(TESTER, Address.parse(readable), PASSWORD)
    said = f"Mail programs can only sign in with carl@{domain.pk}."
    assert said in client.get(send(client, readable, **new)["Location"]).content.decode()
    page = client.get(send(client, **new)["Location"]).content.decode()
    assert "Mail programs can only" not in page


def actions_of(mailbox: Mailbox) -> list[str]:
    """Return what the log says the owner has done, without refusals."""
    done = Entry.objects.filter(actor=mailbox.pk, phase__in=[Phase.DONE, Phase.EVENT])
    return list(done.order_by("seq").values_list("action", flat=True))


@pytest.mark.parametrize("new", ["short", "foo"])
@pytest.mark.parametrize("again", ["", "other"])
def test_signing_in_takes_the_hosts_scheme_although_the_new_password_is_refused(
    client: Client, anna: Mailbox, new: str, again: str
) -> None:
    Mailbox.objects.update(password=MD5)
    fields = KEEP | {"new_password1": new, "new_password2": again or new}
    assert send(client, **fields).status_code == 200
    anna.refresh_from_db()
    assert anna.password.startswith("{CRAM-MD5}") and anna.check_password("foo")
    assert actions_of(anna) == ["mailbox.rehash"]


def test_a_wrong_password_or_a_disabled_mailbox_leaves_the_row_as_it_is(
    client: Client, anna: Mailbox
) -> None:
    Mailbox.objects.update(password=MD5)
    assert send(client, **KEEP | {"current_password": "wrong"}).status_code == 200
    actions.set_active(TESTER, anna, False)
    assert send(client, **KEEP).status_code == 200
    anna.refresh_from_db()
    assert anna.password == MD5


def test_a_temporary_password_cannot_be_kept(client: Client, anna: Mailbox) -> None:
    Mailbox.objects.update(password=MD5)
    self_service.set_demand(AccountKind.MAILBOX, anna.pk, True)
    page = send(client, **KEEP)
    assert "is temporary" in str(page.context["form"].errors["new_password1"])
    assert self_service.is_demanded(AccountKind.MAILBOX, anna.pk)
    assert actions_of(anna) == ["mailbox.rehash"]


def test_a_password_is_kept_where_owners_may_not_change_it(client: Client, anna: Mailbox) -> None:
    Mailbox.objects.update(password=MD5)
    self_service.set_open("example.org", False)
    assert send(client, **KEEP)["Location"] == "/password/kept/"
    assert Mailbox.objects.get().password.startswith("{CRAM-MD5}")


def test_a_password_that_bcrypt_cannot_hold_has_to_be_replaced(
    client: Client, anna: Mailbox, settings: Settings
) -> None:
    settings.MAIL_PASSWORD_SCHEME = "BLF-CRYPT"
    long = "four words " * 8
    Mailbox.objects.update(password=f"{{PLAIN}}{long}")
    page = send(client, **KEEP | {"current_password": long})
    assert "the limit is 72" in str(page.context["form"].errors["new_password1"])
    assert Mailbox.objects.get().password == f"{{PLAIN}}{long}"


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\u3000"])
def test_spaces_around_the_address_do_not_bypass_the_lock(
    client: Client, anna: Mailbox, blank: str
) -> None:
    for number in range(5):
        send(client, blank * number + "ANNA@example.org", current_password="wrong")
    assert send(client, blank * 9 + "anna@example.org").status_code == 429


def test_a_mailbox_deleted_in_the_meantime_is_a_form_error(anna: Mailbox) -> None:
    data = {"address": anna.pk, "current_password": PASSWORD}
    owner = Actor(OWNER, anna.pk, "192.0.2.7", Scope.of_owner(anna.pk))
    form = ChangePasswordForm(
        owner, mail_host(), data | {"new_password1": NEW, "new_password2": NEW}
    )
    assert form.is_valid()
    actions.delete_mailbox(TESTER, anna)
    assert not form.save()
    assert "deleted in the meantime" in str(form.errors)


@pytest.mark.parametrize("url", ["/", "/password/", "/password/changed/", "/password/kept/"])
def test_pages_answer_head_requests(client: Client, tables: None, url: str) -> None:
    assert client.head(url).status_code in (200, 302)


@pytest.mark.finding("browser-defences")
@pytest.mark.parametrize("url", ["/password/", "/admin/login/"])
def test_a_page_cannot_be_framed_or_load_foreign_files(
    client: Client, tables: None, url: str
) -> None:
    page = client.get(url)
    policy = page["Content-Security-Policy"].split("; ")
    assert page["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in policy
    assert "default-src 'self'" in policy and "unsafe" not in str(policy)
    assert (
        page.cookies["csrftoken"]["samesite"] == "Strict" and page.cookies["csrftoken"]["httponly"]
    )
