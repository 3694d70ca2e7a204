"""What mail programs need to know, as the exported host serves it: servers, ports, user name."""

import plistlib
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from mailboxes.conf import MailHost
from mailboxes.errors import gettext_noop


@dataclass(frozen=True)
class Server:
    protocol: str
    """`imap`, `pop3` or `smtp`."""

    title: str
    hostname: str
    port: int
    starttls: bool = False
    """Whether the connection is only encrypted after it has begun; otherwise from the start."""

    @property
    def security(self) -> str:
        """The name that mail programs show for it."""
        return "STARTTLS" if self.starttls else "SSL/TLS"


def incoming_servers(host: MailHost) -> list[Server]:
    """Return where mail is read, the better one first; none with V1, which has no IMAP server."""
    if host.variant.name == "v1":
        return []
    imap = Server("imap", gettext_noop("Incoming mail (IMAP)"), host.hostname, 993)
    pop3 = Server("pop3", gettext_noop("Incoming mail (POP3)"), host.hostname, 995)
    return [imap, pop3] if host.pop3 else [imap]


def outgoing_servers(host: MailHost) -> list[Server]:
    """Return where mail is sent, the better one first: RFC 8314 prefers TLS from the start."""
    title = gettext_noop("Outgoing mail (SMTP)")
    return [
        Server("smtp", title, host.hostname, 465),
        Server("smtp", title, host.hostname, 587, starttls=True),
    ]


def servers(host: MailHost) -> dict[str, list[Server]]:
    """Return both, by the names that the templates have for them."""
    return {"incoming": incoming_servers(host), "outgoing": outgoing_servers(host)}


def apple_profile(host: MailHost, address: str) -> bytes:
    """Return a configuration profile for Apple's Mail, the same bytes each time.

    It contains no password; the device asks for it.

    The keys are those of Apple's payload com.apple.mail.managed. The host must have an IMAP server.
    """
    incoming, outgoing = incoming_servers(host)[0], outgoing_servers(host)[0]
    identifier = ".".join((*reversed(host.hostname.split(".")), "mail"))
    account: dict[str, Any] = {
        "EmailAccountDescription": address,
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": address,
        "OutgoingPasswordSameAsIncomingPassword": True,
        **server_keys("Incoming", incoming, address),
        **server_keys("Outgoing", outgoing, address),
        "PayloadDisplayName": address,
        **payload("com.apple.mail.managed", f"{identifier}.account", address),
    }
    profile = {
        "PayloadContent": [account],
        "PayloadDisplayName": address,
        "PayloadOrganization": host.hostname,
        **payload("Configuration", identifier, address),
    }
    return plistlib.dumps(profile)


def server_keys(side: str, server: Server, address: str) -> dict[str, Any]:
    start = f"{side}MailServer"
    return {
        f"{start}Authentication": "EmailAuthPassword",
        f"{start}HostName": server.hostname,
        f"{start}PortNumber": server.port,
        f"{start}UseSSL": True,
        f"{start}Username": address,
    }


def payload(kind: str, identifier: str, address: str) -> dict[str, Any]:
    return {
        "PayloadIdentifier": f"{identifier}.{address}",
        "PayloadType": kind,
        "PayloadUUID": str(uuid5(NAMESPACE_DNS, f"{identifier}.{address}")).upper(),
        "PayloadVersion": 1,
    }
