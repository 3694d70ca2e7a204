"""Hosts to relay to that are the mail host itself, as names and this machine tell."""

import socket
import time
from collections.abc import Iterator

import pytest

from mailboxes import relay_loops
from mailboxes.relay_loops import leads_back

HOST = "mail.example.test"


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    relay_loops.look_up.cache_clear()
    yield
    relay_loops.look_up.cache_clear()


@pytest.fixture
def own_address() -> str:
    """An address of this machine other than 127.0.0.1; nothing is sent for this."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("This machine has no other address.")
        return str(probe.getsockname()[0])


def test_addresses_of_this_machine_are_recognized_if_it_is_the_mail_host(own_address: str) -> None:
    assert leads_back(f"[{own_address}]", HOST, is_here=True)
    assert not leads_back(f"[{own_address}]", HOST, is_here=False)
    assert not leads_back(f"[{own_address}]:2525", HOST, is_here=True)
    assert not leads_back("[192.0.2.30]", HOST, is_here=True)


def test_addresses_of_the_hosts_name_are_recognized_elsewhere(
    own_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (own_address, 25))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda name, port: own if name == HOST else [])
    assert leads_back(f"[{own_address}]:587", HOST, is_here=False)
    assert not leads_back("[192.0.2.30]", HOST, is_here=False)
    assert not leads_back("unknown.example.net", HOST, is_here=False)


def test_names_without_an_answer_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def wait(name: str, port: int) -> None:
        asked.append(name)
        time.sleep(1)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    monkeypatch.setattr(relay_loops, "MAX_SECONDS", 0.05)
    monkeypatch.setattr(relay_loops, "unanswered", relay_loops.unanswered)
    for name in ("one.example.net", "two.example.net"):
        assert not leads_back(name, HOST, is_here=True)
    assert asked == ["one.example.net"]
