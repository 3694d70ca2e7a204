"""Administrators change their own password: with the old one, logged, ending other sessions."""

import logging

import pytest
from django.contrib.auth.models import User
from django.test import Client

from mailboxes.throttle.limits import PAIR
from mailboxes.throttle.models import Counter
from tests.admin.conftest import signed_in
from tests.conftest import PASSWORD, logged

URL = "/admin/password_change/"
NEW = "quite another password"


def test_changing_your_own_password_requires_the_old_one_and_ends_other_sessions(
    tables: None,
) -> None:
    otto, other = signed_in("auditor"), Client()
    user = User.objects.get()
    other.force_login(user)
    form = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    assert "The current password is wrong." in str(otto.post(URL, form).context["form"].errors)
    weak = {"old_password": PASSWORD, "new_password1": "otto", "new_password2": "otto"}
    assert "too short" in str(otto.post(URL, weak).context["form"].errors)
    assert User.objects.get().check_password(PASSWORD)
    page = otto.post(URL, form | {"old_password": PASSWORD}, follow=True)
    assert "Your password was changed." in page.content.decode()
    assert User.objects.get().check_password(NEW) and otto.get("/admin/").status_code == 200
    assert other.get("/admin/").status_code == 302
    assert logged("administrator.password") == [("otto", "administrator.password", "otto")]


@pytest.mark.finding("evidence")
def test_guesses_at_the_old_password_are_counted_and_logged_like_failed_sign_ins(
    tables: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "mailboxes.sign_in_log")
    otto = signed_in("auditor")
    assert otto.post(URL, {"old_password": "", "new_password1": NEW}).status_code == 200
    Counter.objects.all().delete()
    form = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    answers = [otto.post(URL, form).status_code for _ in range(PAIR.attempts + 1)]
    assert answers == [200] * PAIR.attempts + [429]
    assert otto.post(URL, form | {"old_password": PASSWORD}).status_code == 429
    failed = ("otto", "administrator.failed-sign-in", "otto")
    assert logged("administrator.failed-sign-in") == [failed] * PAIR.attempts
    lines = [row.getMessage() for row in caplog.records if row.name == "mailboxes.sign_in_log"]
    assert lines == ['Failed sign-in from 127.0.0.1 as "otto"'] * PAIR.attempts
