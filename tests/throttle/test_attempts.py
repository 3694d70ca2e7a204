"""The throttle itself, and both pages that use it."""

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailboxes.accounts import AccountKind
from mailboxes.throttle import attempts
from mailboxes.throttle.attempts import Locked
from mailboxes.throttle.limits import ACCOUNT, LONGEST, NETWORK, PAIR
from mailboxes.throttle.models import Counter, KnownClient
from tests.conftest import PASSWORD, logged
from tests.mailhost import CREATE_TABLES
from tests.management.conftest import manage
from tests.throttle.bursts import BURST

LOGIN = "/admin/login/"
NEW = "quite another password"
ANNA = "anna@example.org"
Attempt = Callable[..., bool]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is set."""
    clock = SimpleNamespace(now=1_790_000_000)
    monkeypatch.setattr(attempts, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


@pytest.fixture
def attempt(tables: None) -> Attempt:
    def attempt(
        account: str = ANNA, client: str = "192.0.2.7", kind: str = AccountKind.MAILBOX
    ) -> bool:
        """Say whether this attempt may be checked."""
        try:
            attempts.attempt(kind, account, client)
        except Locked:
            return False
        return True

    return attempt


def change(client: Client, address: str, current: str, **more: str) -> int:
    new = PASSWORD if current == NEW else NEW
    data = {"address": address, "current_password": current}
    data |= {"new_password1": new, "new_password2": new}
    return client.post("/password/", data, **more).status_code  # type: ignore[arg-type]


@pytest.mark.finding("burst")
def test_exactly_five_of_twenty_guesses_at_once_are_checked(tmp_path: Path) -> None:
    done = manage("shell", "-v0", "-c", CREATE_TABLES + BURST, folder=tmp_path)
    assert done.stdout.split() == ["5"] * 3, done.stderr


@pytest.mark.finding("spraying")
def test_guesses_at_many_accounts_from_one_network_are_limited(client: Client, anna: None) -> None:
    answers = [
        change(client, f"box{number}@example.org", "wrong", REMOTE_ADDR=f"2001:db8:0:1::{number}")
        for number in range(NETWORK.attempts + 1)
    ]
    assert answers == [200] * NETWORK.attempts + [429]
    assert change(client, ANNA, PASSWORD, REMOTE_ADDR="2001:db8:0:1:ffff::1") == 429
    assert change(client, ANNA, PASSWORD, REMOTE_ADDR="2001:db8:0:2::1") == 302


@pytest.mark.finding("spraying")
def test_guesses_at_one_account_from_many_networks_are_limited_but_not_for_its_owner(
    client: Client, anna: None
) -> None:
    assert change(client, ANNA, PASSWORD, REMOTE_ADDR="192.0.2.7") == 302
    answers = [
        change(client, ANNA, "wrong", REMOTE_ADDR=f"198.51.100.{number}")
        for number in range(ACCOUNT.attempts)  # Anna's own was the first
    ]
    assert answers == [200] * (ACCOUNT.attempts - 1) + [429]
    assert change(client, ANNA, NEW, REMOTE_ADDR="198.51.100.200") == 429
    assert change(client, ANNA, NEW, REMOTE_ADDR="192.0.2.7") == 302


def test_nobody_is_let_in_and_nothing_is_looked_up_while_attempts_cannot_be_counted(
    client: Client, anna: None
) -> None:
    User.objects.create_superuser("rita", password=PASSWORD)
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA query_only = 1")
        try:
            with CaptureQueriesContext(connections["mail"]) as queries:
                answers = [change(client, ANNA, password) for password in ("wrong", PASSWORD)]
            for password in ("wrong", PASSWORD):
                page = client.post(LOGIN, {"username": "rita", "password": password})
                answers.append(page.status_code)
        finally:
            cursor.execute("PRAGMA query_only = 0")
    assert answers == [503] * 4 and page["Retry-After"]
    assert len(queries) == 0
    assert change(client, ANNA, PASSWORD) == 302


@pytest.mark.finding("old-password-skipped")
def test_the_sign_in_page_does_not_reveal_which_administrators_exist(
    client: Client, tables: None
) -> None:
    User.objects.create_superuser("otto", password=PASSWORD)
    shown = []
    for name in ("otto", "nobody"):
        page = client.post(LOGIN, {"username": name, "password": "wrong"})
        text = page.content.decode().replace(name, "NAME")
        shown.append((page.status_code, re.sub(r'value="\w{64}"', "", text)))
    assert shown[0] == shown[1]
    assert client.post(LOGIN, {"username": "otto", "password": PASSWORD}).status_code == 302


@pytest.mark.finding("password-oracle")
@pytest.mark.parametrize("flag", ["is_staff", "is_active"])
def test_the_right_password_of_an_account_that_may_not_sign_in_is_treated_like_a_wrong_one(
    client: Client, tables: None, flag: str
) -> None:
    user = User.objects.create_user("otto", password=PASSWORD, is_staff=True, is_active=True)
    User.objects.filter(pk=user.pk).update(**{flag: False})
    pages = [
        client.post(LOGIN, {"username": "otto", "password": password})
        for password in (PASSWORD, "wrong", PASSWORD, PASSWORD, PASSWORD, PASSWORD)
    ]
    assert [page.status_code for page in pages] == [200] * 5 + [429]
    errors = {str(page.context["form"].errors) for page in pages[:5]}
    assert len(errors) == 1
    failed = ("otto", "administrator.failed-sign-in", "otto")
    assert logged("administrator.failed-sign-in") == [failed] * 5


@pytest.mark.finding("password-in-log")
@pytest.mark.finding("unthrottled-reset")
def test_failed_sign_ins_lock_an_administrator_and_keep_no_password(
    client: Client, tables: None
) -> None:
    User.objects.create_superuser("rita", password=PASSWORD)
    wrong = {"username": "rita", "password": "a wrong secret"}
    answers = [client.post(LOGIN, wrong).status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 200, 429]
    kept = str(list(Counter.objects.values()))
    assert "rita" not in kept and "secret" not in kept
    right = {"username": "RITA", "password": PASSWORD}
    assert client.post(LOGIN, right).status_code == 429
    right["username"] = "rita"
    assert client.post(LOGIN, right).status_code == 429
    assert Client(REMOTE_ADDR="192.0.2.9").post(LOGIN, right).status_code == 302


def test_a_form_without_a_password_is_not_an_attempt(client: Client, tables: None) -> None:
    client.post(LOGIN, {"username": "rita", "password": ""})
    change(client, ANNA, "")
    assert not Counter.objects.exists()


@pytest.mark.parametrize(
    "other",
    ["ANNA@", " anna@", "\u00e1nna@", "a\u0301nna@", "\uff41nna@", "anna\uff20"],
)
def test_another_spelling_is_the_same_account(attempt: Attempt, other: str) -> None:
    assert [attempt(ANNA) for _ in range(PAIR.attempts)] == [True] * PAIR.attempts
    assert not attempt(f"{other}example.org")


def test_a_very_long_name_is_counted_in_a_key_of_bounded_length(attempt: Attempt) -> None:
    assert attempt("x" * 100_000 + "\ud800\0", "y" * 100_000)
    assert {len(row.pk) for row in Counter.objects.all()} == {34, 65}


@pytest.mark.parametrize(
    ("client", "same"),
    [
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("2001:db8::1", "2001:db8:0:0:ffff::2"),
        ("fe80::1%eth0", "fe80::2"),
        ("", ""),
    ],
)
def test_a_client_is_an_ipv4_address_or_an_ipv6_network(
    attempt: Attempt, client: str, same: str
) -> None:
    assert all(attempt(client=client) for _ in range(PAIR.attempts))
    assert not attempt(client=same)
    assert attempt(client="192.0.2.8") and attempt(client="2001:db8:0:1::1")


def test_a_lock_ends_and_a_refused_attempt_does_not_prolong_it(
    attempt: Attempt, clock: SimpleNamespace
) -> None:
    assert all(attempt() for _ in range(PAIR.attempts))
    clock.now += PAIR.seconds - 1
    with pytest.raises(Locked) as locked:
        attempts.attempt(AccountKind.MAILBOX, ANNA, "192.0.2.7")
    assert locked.value.seconds == 1
    assert str(locked.value) == "Too many attempts. Try again in 1 min."
    clock.now += 1
    assert all(attempt() for _ in range(PAIR.attempts)) and not attempt()


def test_a_clock_set_back_does_not_lock_for_long(attempt: Attempt, clock: SimpleNamespace) -> None:
    while attempt():
        pass
    clock.now -= 24 * 3600
    assert attempt()


def test_a_refused_attempt_does_not_count_towards_other_limits(attempt: Attempt) -> None:
    for _ in range(ACCOUNT.attempts + NETWORK.attempts):
        attempt()
    assert attempt(client="192.0.2.8")
    assert attempt("bob@example.org")


def test_a_success_resets_only_the_counter_of_this_account_and_client(attempt: Attempt) -> None:
    attempt()
    attempts.succeeded(AccountKind.MAILBOX, ANNA, "192.0.2.7")
    assert Counter.objects.count() == 2
    assert all(attempt() for _ in range(PAIR.attempts)) and not attempt()


def test_a_client_is_forgotten_after_a_month(attempt: Attempt, clock: SimpleNamespace) -> None:
    attempts.succeeded(AccountKind.MAILBOX, ANNA, "192.0.2.7")
    clock.now += attempts.KNOWN_SECONDS + 1
    for number in range(ACCOUNT.attempts):
        attempt(client=f"198.51.100.{number}")
    assert not attempt()
    assert not KnownClient.objects.exists()


def test_old_counters_are_deleted_by_new_ones(attempt: Attempt, clock: SimpleNamespace) -> None:
    for number in range(100):
        attempt(f"box{number}@example.org", f"198.51.100.{number}")
    assert Counter.objects.count() == 300
    clock.now += LONGEST + 1
    for number in range(50):
        attempt(f"new{number}@example.org", f"203.0.113.{number}")
    assert Counter.objects.count() == 150
