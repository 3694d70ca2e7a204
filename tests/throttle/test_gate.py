"""The gate for requests that check passwords, and refusals that are remembered."""

import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailboxes.models import Mailbox
from mailboxes.throttle import gate, lockouts
from mailboxes.throttle.gate import AT_ONCE, Busy, Gate
from mailboxes.throttle.limits import NETWORK, PAIR
from tests.conftest import PASSWORD
from tests.management.test_unlock import unlock
from tests.second_factor.conftest import CODE, person
from tests.throttle.test_attempts import ANNA, LOGIN, NEW, change


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is set, and the gate's own reserve."""
    clock = SimpleNamespace(now=time.monotonic())
    for module in (gate, lockouts):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(gate, "RESERVE", 10.0)
    return clock


def test_requests_that_have_used_up_the_reserve_wait_for_their_share(
    clock: SimpleNamespace,
) -> None:
    gate = Gate()
    for _ in range(20):
        with gate.pass_through():
            clock.now += 0.63  # of which a fifth accrues meanwhile
    with pytest.raises(Busy), gate.pass_through():
        pass
    clock.now += 1
    with gate.pass_through():
        clock.now += 0.5
    with pytest.raises(Busy), gate.pass_through():
        pass


def test_only_some_requests_are_in_progress_at_the_same_time(clock: SimpleNamespace) -> None:
    gate = Gate()
    with ExitStack() as several:
        for _ in range(AT_ONCE):
            several.enter_context(gate.pass_through())
        with pytest.raises(Busy), gate.pass_through():
            pass
    with gate.pass_through():
        pass


@pytest.mark.finding("flood")
def test_requests_of_different_kinds_leave_threads_free_together(clock: SimpleNamespace) -> None:
    gates = [Gate() for _ in range(AT_ONCE + 1)]
    with ExitStack() as several:
        for one in gates[:AT_ONCE]:
            several.enter_context(one.pass_through())
        with pytest.raises(Busy), gates[-1].pass_through():
            pass
    with gates[-1].pass_through():
        pass


def test_a_request_that_fails_or_waits_long_leaves_the_gate_open(clock: SimpleNamespace) -> None:
    gate = Gate()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.pass_through():
            clock.now += 5
            _ = 1 / 0
    assert gate.left > 8 and not gate.in_progress


@pytest.mark.finding("flood")
def test_in_a_flood_attempts_are_refused_at_once_and_each_page_has_its_share(
    anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "RESERVE", 1e-9)  # one request uses it up
    visitor = Client(headers={"Accept-Language": "de"})
    assert change(visitor, ANNA, "wrong") == 200
    with CaptureQueriesContext(connections["default"]) as queries:
        page = visitor.post("/password/", {"address": ANNA, "current_password": PASSWORD})
    assert (page.status_code, page["Retry-After"], len(queries)) == (503, "10", 0)
    assert "Zurzeit zu viele Anmeldungen" in page.content.decode()
    assert page["X-Frame-Options"] == "DENY"
    assert visitor.get("/password/").status_code == 200
    assert visitor.post(LOGIN, {"username": "rita", "password": "wrong"}).status_code == 200
    assert visitor.post(LOGIN, {"username": "rita", "password": "wrong"}).status_code == 503


@pytest.mark.finding("flood")
def test_a_locked_account_is_refused_from_memory_until_it_may_have_been_unlocked(
    client: Client, anna: Mailbox, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockouts, "MAX_AGE", 5.0)
    answers = [change(client, ANNA, "wrong") for _ in range(PAIR.attempts + 1)]
    assert answers == [200] * PAIR.attempts + [429]
    unlock(ANNA)
    with CaptureQueriesContext(connections["default"]) as queries:
        assert change(client, ANNA, PASSWORD) == 429
    assert not len(queries)
    assert change(client, "bob@example.org", "wrong") == 200
    assert change(client, ANNA, PASSWORD, REMOTE_ADDR="192.0.2.8") == 302
    clock.now += 5
    assert change(client, ANNA, NEW) == 302


@pytest.mark.finding("flood")
def test_a_locked_client_is_refused_from_memory_whatever_it_tries(
    client: Client, anna: Mailbox, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockouts, "MAX_AGE", 5.0)
    names = [f"box{number}@example.org" for number in range(NETWORK.attempts + 1)]
    assert [change(client, name, "wrong") for name in names][-1] == 429
    with CaptureQueriesContext(connections["default"]) as queries:
        assert change(client, ANNA, PASSWORD) == 429
        assert client.post(LOGIN, {"username": "rita", "password": PASSWORD}).status_code == 429
    assert not len(queries)
    assert change(client, ANNA, PASSWORD, REMOTE_ADDR="192.0.2.8") == 302


@pytest.mark.finding("others-refusal")
def test_a_refusal_does_not_reach_others_in_the_same_network(
    client: Client, anna: Mailbox, steady_clock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockouts, "MAX_AGE", 5.0)
    vera, otto = person("vera", is_superuser=True), person("otto", is_superuser=True)
    for one in (vera, otto):
        one.add_app()
        one.sign_in()
    codes = [vera.client.post(CODE, {"code": "1"}).status_code for _ in range(PAIR.attempts)]
    assert codes[-1] == 429
    for url, name in ((LOGIN, "address"), ("/password/", "username")):
        others = {"address": "x@example.org", "username": "x", "current_password": "x"}
        form = {**others, "password": "x", name: "otto" if url == LOGIN else ANNA}
        assert [client.post(url, form).status_code for _ in range(PAIR.attempts + 1)][-1] == 429
    assert otto.client.post(CODE, {"code": otto.code()}).status_code == 302
    assert otto.sign_in().status_code == 302
    assert change(client, ANNA, PASSWORD) == 302


def test_no_more_refusals_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockouts, "MAX_AGE", 5.0)
    known = lockouts.Lockouts()
    for number in range(lockouts.MAX_KNOWN + 1):
        known.remember((str(number),), 60)
    assert len(known.known) == 1 and known.seconds(str(lockouts.MAX_KNOWN)) == 60
