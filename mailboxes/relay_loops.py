"""Hosts to relay to that are the mail host itself, as far as names and this machine can tell."""

import socket
import time
from functools import lru_cache
from ipaddress import ip_address

from mailboxes.name_lookups import resolve
from mailboxes.routing import SMTP_PORTS, is_address, leads_to, split_next_hop

MAX_SECONDS = 2.0
"""How long the addresses of a name are waited for."""

MEMORY = 60
"""For how many seconds addresses are used again; after none in time, none are looked up."""

NOBODYS = ("192.0.2.254", "2001:db8::254")
"""Addresses for documentation: a machine that binds them binds any (net.ipv4.ip_nonlocal_bind)."""

unanswered = -float(MEMORY)


def leads_back(next_hop: str, hostname: str, is_here: bool) -> bool:
    """Say whether what is relayed there comes back to the mail host, this machine if `is_here`.

    Postfix then bounces it. MX records aren't looked up; those that lead back, Postfix leaves out.
    """
    if leads_to(next_hop, hostname):
        return True
    found = split_next_hop(next_hop)
    if found is None or found.port not in SMTP_PORTS:
        return False
    addresses = addresses_of(found.name)
    if is_here and any(map(is_bound_here, addresses)):
        return True
    return bool(addresses and addresses & addresses_of(hostname))


def addresses_of(name: str) -> frozenset[str]:
    """Return an address itself, or those of a name."""
    if is_address(name):
        return frozenset({str(ip_address(name))})
    return look_up(name, int(time.monotonic()) // MEMORY)


@lru_cache(maxsize=1000)
def look_up(name: str, _minute: int) -> frozenset[str]:
    """Return the addresses of a name; without an answer, it counts as one that has none."""
    global unanswered
    if time.monotonic() < unanswered + MEMORY:
        return frozenset()
    found = resolve(name, MAX_SECONDS)
    if found is None:
        unanswered = time.monotonic()
    return found or frozenset()


def is_bound_here(address: str) -> bool:
    """Say whether this machine has the address."""
    return can_bind(address) and not can_bind(NOBODYS[":" in address])


def can_bind(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as found:
            found.bind((address, 0))
    except OSError:
        return False
    return True
