"""Where a domain's mail goes, as PostfixAdmin's columns `transport` and `backupmx` say it.

What is relayed must be the same here and in Postfix's queries (`export.render.DIALECTS`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address

from mailboxes.addresses import BadAddress, DomainName
from mailboxes.errors import Refused, gettext_noop

DELIVERED = "virtual"
RELAYING = ("smtp", "relay")
"""Postfix's transports that hand mail to another host; all others deliver it to mailboxes here."""

SMTP_PORTS = (25, 465, 587)
NEXT_HOP = re.compile(r"(\[[^][]+\]|[^][:]+)(?::([0-9]{1,5}))?")
BAD_NEXT_HOP = gettext_noop(
    "“%(text)s” is not a host to relay to. Enter its full name or its address, optionally with a "
    "port, such as mail.example.net, mail.example.net:2525, 192.0.2.1 or [2001:db8::1]:2525."
)
TLS_FROM_THE_START = gettext_noop(
    "Port 465 begins with TLS, which Postfix doesn't speak when it relays, so mail would be "
    "deferred. Enter port 25 or 587."
)


class Kind(StrEnum):
    LOCAL = "local"
    RELAYED = "relayed"
    BACKUP_MX = "backup-mx"


@dataclass(frozen=True)
class Route:
    """Whether a domain's mail is delivered here, or relayed to a host or to its other MX hosts."""

    kind: Kind
    next_hop: str = ""
    """The host of a relayed domain as in Postfix's transport(5): with brackets, no MX is sought."""

    @classmethod
    def read(cls, transport: str, backup_mx: bool) -> "Route":
        name, _, next_hop = transport.partition(":")
        is_relaying = name.lower() in RELAYING
        if is_relaying and next_hop:
            return cls(Kind.RELAYED, next_hop)
        return cls(Kind.BACKUP_MX if is_relaying or backup_mx else Kind.LOCAL)

    def write(self, transport: str, backup_mx: bool) -> tuple[str, bool]:
        """Return the two columns' values for this route; what says it already is kept."""
        stored = Route.read(transport, backup_mx)
        if stored == self:
            return transport, backup_mx
        if self.kind == Kind.RELAYED:
            return f"relay:{self.next_hop}", backup_mx
        is_relaying = transport.partition(":")[0].lower() in RELAYING
        return DELIVERED if is_relaying else transport, self.kind == Kind.BACKUP_MX


def parse_next_hop(text: str) -> str:
    """Return a host and its port as Postfix writes them, or raise Refused."""
    text = text.strip()
    if is_address(text):
        return f"[{text}]"
    found = NEXT_HOP.fullmatch(text)
    if not found or not 0 < int(found[2] or 25) < 65536:
        raise bad_next_hop(text)
    if int(found[2] or 25) == 465:
        raise Refused(TLS_FROM_THE_START, code="next_hop", field="next_hop")
    port = f":{found[2]}" if found[2] else ""
    name = found[1].strip("[]")
    if is_address(name.removeprefix("ipv6:")):
        return f"[{name}]{port}"
    try:
        host = str(DomainName.parse(name))
    except BadAddress as error:
        raise bad_next_hop(text) from error
    return f"[{host}]{port}" if found[1].startswith("[") else f"{host}{port}"


def normalize(transport: str) -> str:
    """Return a transport with its host as Postfix needs it, and any other string unchanged."""
    name, _, next_hop = transport.partition(":")
    if Route.read(transport, False).kind != Kind.RELAYED:
        return transport
    try:
        return f"{name}:{parse_next_hop(next_hop)}"
    except Refused:
        return transport


def bad_next_hop(text: str) -> Refused:
    return Refused(BAD_NEXT_HOP, {"text": text}, code="next_hop", field="next_hop")


def is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


@dataclass(frozen=True)
class NextHop:
    """The host and the port of a relayed domain."""

    name: str
    port: int


def split_next_hop(text: str) -> NextHop | None:
    found = NEXT_HOP.fullmatch(text)
    if not found:
        return None
    name = found[1].strip("[]").removeprefix("ipv6:").lower()
    return NextHop(name, int(found[2] or 25))


def leads_to(next_hop: str, hostname: str) -> bool:
    """Say whether mail for this host and port comes back to the Postfix of the host that sends it.

    Another port of the same machine may be that of another program.
    """
    found = split_next_hop(next_hop)
    if found is None or found.port not in SMTP_PORTS:
        return False
    if is_address(found.name):
        address = ip_address(found.name)
        return address.is_loopback or address.is_unspecified
    return found.name in (hostname, "localhost", "localhost.localdomain")
