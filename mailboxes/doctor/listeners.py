"""The addresses on which this machine's ports are open, as anyone may see them."""

import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

TABLES = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
ROUTES, ROUTES_IPV6 = Path("/proc/self/net/route"), Path("/proc/self/net/ipv6_route")
LOOPBACK = Path("/sys/class/net/lo/flags")
HOSTS = Path("/etc/hosts")
LISTEN = "0A"
Address = IPv4Address | IPv6Address


def addresses(port: int) -> list[Address]:
    """Return where a port is open; empty also if that can't be seen."""
    found = []
    for table in TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            local, _remote, state = line.split()[1:4]
            address, _colon, number = local.partition(":")
            if state == LISTEN and int(number, 16) == port:
                found.append(decode(address))
    return found


def decode(text: str) -> Address:
    """Read an address as the kernel writes it: as numbers of four bytes in the machine's order."""
    numbers = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    return ip_address(b"".join(struct.pack("=I", number) for number in numbers))


def loopback_is_down() -> bool:
    """Say whether this machine can't even connect to itself."""
    try:
        flags = int(LOOPBACK.read_text(encoding="ascii"), 16)
    except (OSError, ValueError):
        return False
    return not flags & 1  # IFF_UP of netdevice(7)


def hosts_names_loopback() -> bool:
    """Say whether the name of 127.0.0.1 is known without asking the DNS."""
    try:
        lines = HOSTS.read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line.split("#")[0].split()[:1] == ["127.0.0.1"] for line in lines)


def best(found: list[Address]) -> str:
    """Return an address by which this machine reaches a port that is open on these."""
    order = sorted(
        found,
        key=lambda each: (not each.is_unspecified, not each.is_loopback, each.is_link_local),
    )
    if not order or (order[0].is_unspecified and order[0].version == 4):
        return "127.0.0.1"
    return "::1" if order[0].is_unspecified else str(order[0])


def only_here(port: int) -> bool:
    """Say whether a port is open, but only to this machine itself."""
    found = addresses(port)
    return bool(found) and all(each.is_loopback for each in found)


def lacks_ipv4(port: int) -> bool:
    """Say whether a port is open, but not over IPv4, on a host that isn't only in an IPv6 network.

    A socket for all addresses of IPv6 may take IPv4 as well; only a connection shows it.
    """
    found = addresses(port)
    if not found or any(each.version == 4 for each in found) or uses_only_ipv6():
        return False
    if IPv6Address("::") not in found:
        return True
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return True
    return False


def uses_only_ipv6() -> bool:
    """Say whether this machine's routes are all of IPv6."""
    return not routes(ROUTES, 0) and bool(routes(ROUTES_IPV6, -1))


def routes(table: Path, column: int) -> list[str]:
    """Return the devices of a table of routes, without the loopback device and the heading."""
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    devices = [line.split()[column] for line in lines if line.split()]
    return [name for name in devices if name not in ("lo", "Iface")]
