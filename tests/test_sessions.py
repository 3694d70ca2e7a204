"""When sessions end, what the sign-in page says of it, and what becomes of a typed form."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailboxes import actions, sessions
from mailboxes.models import Alias, Mailbox
from tests.admin.conftest import ALIAS, MAILBOX, mailbox_form
from tests.conftest import PASSWORD, TESTER

ENDED = "Your session has ended because"
LOST = "Your session had ended, so the action was not carried out. Please repeat it."
LOGIN = "/admin/login/"
ANNA = f"{MAILBOX}anna_40example.org/"
ADD = f"{ALIAS}add/?domain=example.org"
TYPED = {"address_0": "info", "address_1": "example.org", "goto": "anna@example.org\nx@example.edu"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1_790_000_000)
    monkeypatch.setattr(sessions, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


@pytest.fixture
def otto(clock: SimpleNamespace, domain: object) -> Client:
    """A superuser, signed in, with a password."""
    User.objects.create_superuser("otto", password=PASSWORD)
    client = Client()
    client.force_login(User.objects.get(username="otto"))
    return client


def sign_in(client: Client, page: Any, password: str = PASSWORD, **changed: str) -> Any:
    """Fill in the sign-in page that was shown, with its hidden fields."""
    hidden = {"next": page.context["next"], "unsaved": page.context["unsaved"]}
    return client.post(LOGIN, {"username": "otto", "password": password, **hidden, **changed})


def test_a_session_ends_after_an_hour_without_requests(
    otto: Client, clock: SimpleNamespace
) -> None:
    for _ in range(3):
        clock.now += 59 * 60
        assert otto.get("/admin/").status_code == 200
    clock.now += 62 * 60
    page = otto.get(f"{MAILBOX}?q=anna", follow=True)
    assert page.redirect_chain == [
        ("/admin/login/?ended=1&next=%2Fadmin%2Fmailboxes%2Fmailbox%2F%3Fq%3Danna", 302)
    ]
    assert ENDED in page.content.decode() and page.context["next"] == f"{MAILBOX}?q=anna"
    assert not Session.objects.exists()


def test_a_session_ends_after_eight_hours_of_work(otto: Client, clock: SimpleNamespace) -> None:
    for _ in range(16):
        clock.now += 30 * 60
        assert otto.get("/admin/").status_code == 200
    clock.now += 60
    assert ENDED in otto.get("/admin/", follow=True).content.decode()


def test_a_session_that_ended_with_the_password_says_so(otto: Client) -> None:
    user = User.objects.get(username="otto")
    user.set_password("another password")
    user.save()
    assert ENDED in otto.get("/admin/", follow=True).content.decode()


def test_visitors_without_a_session_are_not_told_that_one_has_ended(
    client: Client, otto: Client
) -> None:
    assert ENDED not in client.get("/admin/", follow=True).content.decode()
    otto.post("/admin/logout/")
    assert ENDED not in otto.get("/admin/", follow=True).content.decode()


def test_a_session_is_written_once_a_minute_at_most(otto: Client, clock: SimpleNamespace) -> None:
    def writes() -> int:
        with CaptureQueriesContext(connection) as queries:
            otto.get("/admin/")
        return sum("UPDATE" in query["sql"] for query in queries)

    otto.get("/admin/")  # which stores the role
    clock.now += 59
    assert writes() == 0
    clock.now += 1
    assert (writes(), writes()) == (1, 0)


def test_a_clock_set_back_neither_ends_nor_prolongs_a_session(
    otto: Client, clock: SimpleNamespace
) -> None:
    clock.now -= 24 * 3600
    assert otto.get("/admin/").status_code == 200
    clock.now += 62 * 60
    assert otto.get("/admin/").status_code == 302


def test_a_form_that_was_posted_too_late_is_shown_again_after_signing_in(
    otto: Client, clock: SimpleNamespace
) -> None:
    clock.now += 62 * 60
    page = otto.post(ADD, TYPED)
    assert ENDED in page.content.decode() and "Nothing has been saved yet" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    page = sign_in(otto, page, "wrong")
    answer = sign_in(otto, page)
    assert answer["Location"] == ADD
    page = otto.get(ADD)
    assert "nothing has been saved yet" in page.content.decode()
    form = page.context["adminform"].form
    assert form["goto"].value() == TYPED["goto"]
    assert 'value="info"' in str(form["address"]) and not form["active"].value()
    assert not Alias.objects.filter(pk="info@example.org").exists()
    assert otto.post(ADD, TYPED).status_code == 302
    again = otto.get(ADD)
    assert "nothing has been saved" not in again.content.decode()


def test_a_change_that_was_posted_too_late_is_shown_without_passwords(
    otto: Client, clock: SimpleNamespace, anna: Mailbox
) -> None:
    url = f"{MAILBOX}anna_40example.org/change/"
    clock.now += 62 * 60
    page = otto.post(url, mailbox_form(name="Anna Typed", quota_0="1,5G"))
    assert PASSWORD not in signing.loads(page.context["unsaved"], salt=sessions.SALT)[2]
    assert sign_in(otto, page)["Location"] == url
    assert PASSWORD not in str(list(otto.session.items()))
    page = otto.get(url)
    form = page.context["adminform"].form
    assert form["name"].value() == "Anna Typed" and 'value="1,5"' in str(form["quota"])
    assert PASSWORD not in page.content.decode()
    anna.refresh_from_db()
    assert anna.name == "Anna Berg"


@pytest.mark.finding("lost-update")
def test_a_form_shown_again_does_not_overwrite_what_others_have_changed(
    otto: Client, clock: SimpleNamespace, anna: Mailbox
) -> None:
    url = f"{MAILBOX}anna_40example.org/change/"
    typed = {"name": "Anna Typed", "quota_0": "1G", "active": "on"}
    typed["shown"] = otto.get(url).context["adminform"].form.signed_values
    actions.set_active(TESTER, anna, False)
    clock.now += 62 * 60
    sign_in(otto, otto.post(url, typed))
    typed["shown"] = otto.get(url).context["adminform"].form.signed_values
    page = otto.post(url, typed)
    assert "anna@example.org has been changed since" in page.content.decode()
    anna.refresh_from_db()
    assert (anna.active, anna.name) == (False, "Anna Berg")


def test_an_administrators_form_that_was_posted_too_late_is_shown_again(
    otto: Client, clock: SimpleNamespace
) -> None:
    url = "/admin/auth/user/add/"
    typed = {"username": "nina", "password1": PASSWORD, "password2": PASSWORD, "role": "auditor"}
    clock.now += 62 * 60
    sign_in(otto, otto.post(url, typed))
    page = otto.get(url)
    assert "nothing has been saved yet" in page.content.decode()
    form = page.context["adminform"].form
    assert form["username"].value() == "nina" and form["role"].value() == "auditor"
    assert PASSWORD not in page.content.decode()


def test_a_kept_form_belongs_to_its_page_and_cannot_be_forged(
    otto: Client, clock: SimpleNamespace
) -> None:
    clock.now += 62 * 60
    page = otto.post(ADD, TYPED)
    sign_in(otto, page, unsaved=page.context["unsaved"][:-1] + "?")
    shown = text(otto.get(ADD))
    assert "nothing has been saved" not in shown and LOST in shown
    clock.now += 62 * 60
    sign_in(otto, otto.post(ADD, TYPED))
    for other in (f"{ALIAS}add/", f"{MAILBOX}add/?domain=example.org"):
        assert "nothing has been saved" not in otto.get(other).content.decode()
    assert "nothing has been saved" in otto.get(ADD).content.decode()


@pytest.mark.parametrize("end", ["time", "role", "password"])
def test_a_form_is_not_shown_to_another_administrator(
    otto: Client, clock: SimpleNamespace, end: str
) -> None:
    User.objects.create_superuser("nina", password=PASSWORD)
    assert otto.get(ADD).status_code == 200  # which stores the role
    if end == "time":
        clock.now += 62 * 60
    elif end == "role":
        session = otto.session
        session["role_assignment"] = "another"
        session.save()
    else:
        User.objects.filter(username="otto").update(password=make_password("x"))
    page = otto.post(ADD, TYPED)
    assert page.context["unsaved"]
    sign_in(otto, page, username="nina")
    assert TYPED["goto"] not in str(list(otto.session.items()))
    shown = otto.get(ADD).content.decode()
    assert "nothing has been saved yet" not in shown and "x@example.edu" not in shown


def assert_lost(client: Client, url: str, form: dict[str, str], goal: str) -> None:
    """Post this too late, and sign in: both pages say that it was not carried out."""
    page: Any = client.post(url, form, follow=True)
    assert page.redirect_chain[0][0].startswith("/admin/login/?") and ENDED in text(page)
    assert "The action was not carried out" in text(page)
    assert "will be as you left it" not in text(page)
    page = sign_in(client, sign_in(client, page, "wrong"))
    assert page["Location"] == url
    shown = client.get(url, follow=True)
    assert LOST in text(shown) and shown.request["PATH_INFO"] == goal and shown.status_code == 200
    assert LOST not in text(client.get("/admin/"))


def text(page: Any) -> str:
    return str(page.content.decode())


BULK = {"action": "delete_selected", "_selected_action": "anna@example.org", "index": "0"}


@pytest.mark.parametrize(
    ("url", "form", "goal"),
    [
        (MAILBOX, BULK, ""),
        (MAILBOX, BULK | {"post": "yes"}, ""),
        (f"{ANNA}delete/", {"post": "yes"}, ""),
        (f"{ANNA}set-active/", {"active": "0"}, f"{ANNA}change/"),
        (f"{ANNA}password/", {"new_password1": PASSWORD, "new_password2": PASSWORD}, ""),
        ("/admin/password_change/", {"old_password": PASSWORD}, ""),
        ("/admin/configuration/download/", {}, "/admin/configuration/"),
        ("/admin/second-factor/recovery-codes/file/", {}, "/admin/second-factor/"),
        (ADD, TYPED | {"goto": "x" * sessions.MAX_UNSAVED}, f"{ALIAS}add/"),
    ],
)
def test_what_is_not_kept_has_to_be_repeated_and_the_pages_say_so(
    otto: Client,
    clock: SimpleNamespace,
    anna: Mailbox,
    url: str,
    form: dict[str, str],
    goal: str,
) -> None:
    clock.now += 62 * 60
    assert_lost(otto, url, form, goal or url)
    anna.refresh_from_db()
    assert anna.active and anna.check_password(PASSWORD)


def test_a_form_posted_without_a_known_session_is_not_kept(otto: Client) -> None:
    Session.objects.all().delete()
    assert_lost(otto, ADD, TYPED, f"{ALIAS}add/")


def test_only_what_was_posted_is_said_to_be_lost(otto: Client, clock: SimpleNamespace) -> None:
    clock.now += 62 * 60
    page = otto.get(MAILBOX, follow=True)
    assert "not carried out" not in text(page)
    sign_in(otto, page)
    assert LOST not in text(otto.get(MAILBOX))
    clock.now += 62 * 60
    sign_in(otto, otto.post(ADD, TYPED))
    assert LOST not in text(otto.get(ADD))


def opened(client: Client, url: str) -> str:
    """Open a form; return what it says of who has opened it."""
    return str(client.get(url).context["opened_by"])


@pytest.mark.parametrize("cookies", [["sessionid"], ["sessionid", "csrftoken"], ["csrftoken"]])
def test_a_form_is_kept_when_its_cookies_are_gone(
    otto: Client, clock: SimpleNamespace, cookies: list[str]
) -> None:
    otto.handler.enforce_csrf_checks = True
    url = f"{MAILBOX}add/?domain=example.org"
    page = otto.get(url)
    typed = mailbox_form(name="Anna Typed", password=PASSWORD, opened_by=page.context["opened_by"])
    typed["csrfmiddlewaretoken"] = otto.cookies["csrftoken"].value
    for name in cookies:
        del otto.cookies[name]
    page = otto.post(url, typed)
    if "sessionid" in cookies:
        assert "deleted its cookies" in text(page) and "Nothing has been saved yet" in text(page)
        assert PASSWORD not in signing.loads(page.context["unsaved"], salt=sessions.SALT)[2]
        token = otto.cookies["csrftoken"].value
        page = sign_in(otto, page, csrfmiddlewaretoken=token)
    assert page["Location"] == url and PASSWORD not in str(list(otto.session.items()))
    page = otto.get(url)
    assert "nothing has been saved yet" in text(page) and PASSWORD not in text(page)
    assert page.context["adminform"].form["name"].value() == "Anna Typed"
    assert not Mailbox.objects.exists()


def test_what_is_not_kept_without_cookies_has_to_be_repeated(otto: Client, anna: Mailbox) -> None:
    del otto.cookies["sessionid"]
    assert_lost(otto, f"{ANNA}delete/", {"post": "yes"}, f"{ANNA}delete/")
    assert Mailbox.objects.filter(pk=anna.pk).exists()


@pytest.mark.parametrize("forgery", ["other page", "changed", "other person", "old"])
def test_a_form_without_cookies_belongs_to_its_page_and_cannot_be_forged(
    otto: Client, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, forgery: str
) -> None:
    nina = User.objects.create_superuser("nina", password=PASSWORD)
    other = Client(enforce_csrf_checks=True)
    if forgery == "other person":
        other.force_login(nina)
    token = opened(otto, f"{ALIAS}add/" if forgery == "other page" else ADD)
    if forgery == "changed":
        token = token[:-1] + ("B" if token[-1] == "A" else "A")
    elif forgery == "old":
        later = time.time() + 8 * 24 * 3600
        monkeypatch.setattr("django.core.signing.time.time", lambda: later)
    assert other.post(ADD, TYPED | {"opened_by": token}).status_code == 403
    if forgery == "other person":
        assert "nothing has been saved" not in text(other.get(ADD))


def test_a_forged_form_is_not_kept(otto: Client, clock: SimpleNamespace) -> None:
    clock.now += 62 * 60
    other = Client(enforce_csrf_checks=True)
    other.cookies = otto.cookies
    assert other.post(ADD, TYPED).status_code == 403
