"""Where the ports of this machine are open, as /proc shows it to everybody."""

import socket
from ipaddress import ip_address
from pathlib import Path

import pytest

from mailboxes.doctor import listeners


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "0.0.0.0", "::1", "::"])
def test_a_port_is_found_where_it_listens_and_reached_there(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as server:
        server.bind((address, 0))
        port = server.getsockname()[1]
        assert listeners.addresses(port) == []
        server.listen()
        found = listeners.addresses(port)
        assert found == [ip_address(address)]
        assert listeners.only_here(port) == (address not in ("0.0.0.0", "::"))
        socket.create_connection((listeners.best(found), port), 1).close()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], "127.0.0.1"),
        (["192.0.2.1"], "192.0.2.1"),
        (["192.0.2.1", "127.0.0.1"], "127.0.0.1"),
        (["fe80::1", "2001:db8::1"], "2001:db8::1"),
        (["::", "192.0.2.1"], "::1"),
        (["0.0.0.0", "::"], "127.0.0.1"),
    ],
)
def test_the_simplest_way_to_a_port_is_taken(found: list[str], expected: str) -> None:
    assert listeners.best([ip_address(each) for each in found]) == expected


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
@pytest.mark.parametrize("takes_only_ipv6", [True, False])
def test_a_port_that_is_closed_to_ipv4_is_found(
    address: str, takes_only_ipv6: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as server:
        if family == socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, takes_only_ipv6)
        server.bind((address, 0))
        server.listen()
        port = server.getsockname()[1]
        is_closed = address == "::1" or (address == "::" and takes_only_ipv6)
        monkeypatch.setattr(listeners, "ROUTES", tmp_path / "route")
        monkeypatch.setattr(listeners, "ROUTES_IPV6", tmp_path / "ipv6_route")
        assert listeners.lacks_ipv4(port) == is_closed
        (tmp_path / "ipv6_route").write_text("00 lo\n00 eth0\n")
        (tmp_path / "route").write_text("Iface Destination\n")
        assert not listeners.lacks_ipv4(port)  # this host has no IPv4
        (tmp_path / "route").write_text("Iface Destination\neth0 0\n")
        assert listeners.lacks_ipv4(port) == is_closed


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1 localhost\n", True), ("# 127.0.0.1 x\n127.0.1.1 mail\n", False), ("", False)],
)
def test_the_name_of_the_loopback_address_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: bool
) -> None:
    monkeypatch.setattr(listeners, "HOSTS", tmp_path / "hosts")
    assert not listeners.hosts_names_loopback()
    (tmp_path / "hosts").write_text(text)
    assert listeners.hosts_names_loopback() == expected
