"""What PostfixAdmin's columns say about a domain's mail, and which hosts it can be relayed to."""

import pytest

from mailboxes.errors import Refused
from mailboxes.routing import Kind, Route, leads_to, parse_next_hop

LOCAL, BACKUP_MX = Route(Kind.LOCAL), Route(Kind.BACKUP_MX)
COLUMNS = [
    *((text, False, LOCAL) for text in ("virtual", "virtual:", "", "local", "dovecot")),
    *((text, False, LOCAL) for text in ("lmtp:unix:private/dovecot-lmtp", "smtpd:x", "relayed")),
    *((text, True, BACKUP_MX) for text in ("virtual", "", "lmtp:unix:x", "relay", "smtp:")),
    *((text, False, BACKUP_MX) for text in ("relay", "relay:", "SMTP", "smtp:")),
    ("smtp:[10.0.0.5]", False, Route(Kind.RELAYED, "[10.0.0.5]")),
    ("Relay:mx.example.net:2525", True, Route(Kind.RELAYED, "mx.example.net:2525")),
]


@pytest.mark.parametrize(("transport", "backup_mx", "route"), COLUMNS)
def test_columns_say_where_mail_goes(transport: str, backup_mx: bool, route: Route) -> None:
    assert Route.read(transport, backup_mx) == route
    assert route.write(transport, backup_mx) == (transport, backup_mx)


@pytest.mark.parametrize("route", [LOCAL, BACKUP_MX, Route(Kind.RELAYED, "[mx.example.net]:26")])
@pytest.mark.parametrize(("transport", "backup_mx", "_route"), COLUMNS)
def test_a_route_is_written_so_that_it_is_read_again(
    route: Route, transport: str, backup_mx: bool, _route: Route
) -> None:
    assert Route.read(*route.write(transport, backup_mx)) == route


def test_a_transport_that_delivers_here_is_kept() -> None:
    assert BACKUP_MX.write("lmtp:unix:x", False) == ("lmtp:unix:x", True)
    assert LOCAL.write("lmtp:unix:x", True) == ("lmtp:unix:x", False)
    assert LOCAL.write("relay:[10.0.0.5]", True) == ("virtual", False)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (" mx.Example.net ", "mx.example.net"),
        ("mx.example.net:2525", "mx.example.net:2525"),
        ("[mx.example.net]", "[mx.example.net]"),
        ("[mx.example.net]:65535", "[mx.example.net]:65535"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("192.0.2.1", "[192.0.2.1]"),
        ("192.0.2.1:26", "[192.0.2.1]:26"),
        ("[192.0.2.1]:26", "[192.0.2.1]:26"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("[2001:db8::1]:26", "[2001:db8::1]:26"),
        ("[ipv6:2001:db8::1]", "[ipv6:2001:db8::1]"),
    ],
)
def test_a_host_is_a_name_or_an_address_with_an_optional_port(text: str, stored: str) -> None:
    assert parse_next_hop(text) == stored
    assert parse_next_hop(stored) == stored


@pytest.mark.parametrize(
    "text",
    [
        *("", "mx", "mx.example.net:", "mx.example.net:0", "mx.example.net:65536", "[mx.example"),
        *("mx.example.net]", "smtp:[mx.example.net]", "a.example, b.example", "anna@example.net"),
        *("[]", "[]:25", "192.0.2.300", "mx .example.net", "[a.example]:x"),
        *("| /bin/sh", "unix:/run/x"),
    ],
)
def test_anything_else_is_no_host(text: str) -> None:
    with pytest.raises(Refused, match="is not a host to relay to"):
        parse_next_hop(text)


def test_a_port_that_begins_with_tls_is_refused() -> None:
    for text in ("mx.example.net:465", "[192.0.2.1]:465"):
        with pytest.raises(Refused, match="Port 465 begins with TLS"):
            parse_next_hop(text)


@pytest.mark.parametrize(
    ("next_hop", "own"),
    [
        *((name, True) for name in ("mail.example.test", "[MAIL.example.test]:25", "[127.0.0.1]")),
        *((name, True) for name in ("[127.3.2.1]:587", "[::1]", "[ipv6:::1]:465", "[0.0.0.0]")),
        *((name, True) for name in ("localhost", "[localhost]:25")),
        *((name, False) for name in ("[127.0.0.1]:2525", "mail.example.test:10025", "[192.0.2.1]")),
        *((name, False) for name in ("mx.mail.example.test", "example.org", "[a], [b]")),
    ],
)
def test_a_host_that_leads_back_to_this_one_is_recognized(next_hop: str, own: bool) -> None:
    assert leads_to(next_hop, "mail.example.test") == own
