"""What attempts are counted by: keyed hashes of bounded length, whatever was typed."""

import hmac
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Self

from django.conf import settings

MAX_TEXT = 1000
IPV6_HOST = 64
"""The prefix of the network that a single IPv6 host has."""

ANY = "*"


@dataclass(frozen=True)
class Buckets:
    """The three counters of an attempt."""

    pair: str
    """This account, tried by this client."""

    network: str
    """Any account, tried by this client."""

    account: str
    """This account, tried by any client."""

    @classmethod
    def of(cls, kind: str, account: str, client: str) -> Self:
        tried, by = account_key(kind, account), client_key(client)
        return cls(f"{tried}/{by}", f"{ANY}/{by}", f"{tried}/{ANY}")


def account_key(kind: str, account: str) -> str:
    return keyed_hash(kind, plain_text(account))


def client_key(client: str) -> str:
    return keyed_hash("client", network(client))


def keyed_hash(*parts: str) -> str:
    """Return 32 hex digits that nobody without SECRET_KEY can connect with the text."""
    text = "\0".join(("mailboxes.throttle", *parts))
    encoded = text.encode(errors="backslashreplace")  # a client from a terminal may not be UTF-8
    made = hmac.digest(settings.SECRET_KEY.encode(), encoded, "sha256")
    return made.hex()[:32]


def plain_text(text: str) -> str:
    """Return a text without differences of case, accents, spaces and Unicode form.

    MariaDB ignores most of them when it compares names.
    """
    letters = unicodedata.normalize("NFKD", text[:MAX_TEXT].casefold())
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(kept.casefold().encode(errors="backslashreplace").decode().split())


def network(client: str) -> str:
    """Return the client's IPv4 address or its IPv6 network, or the text if it is neither."""
    try:
        address = ip_address(client.partition("%")[0])
    except ValueError:
        return client[:MAX_TEXT]
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, IPV6_HOST), strict=False))
    return str(address)
