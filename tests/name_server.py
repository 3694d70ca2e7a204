"""A name server on loopback that answers what a test tells it, and knows no other name."""

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

Records = dict[tuple[str, str], list[str] | dns.rcode.Rcode]
"""What is answered to a name and a kind of record: texts as in a zone file, or an error."""


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, socket = self.request
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        records: Records = self.server.records  # type: ignore[attr-defined]
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        kind = query.question[0].rdtype.name
        found = records.get((name, kind), [])
        if not isinstance(found, list):
            answer.set_rcode(found)
        elif found:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *found))
        elif not any(known == name for known, _ in records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        socket.sendto(answer.to_wire(), self.client_address)


class NameServer(socketserver.ThreadingUDPServer):
    daemon_threads = True
    records: Records = {}

    @property
    def address(self) -> str:
        """The value of DNS_SERVERS with which the panel asks it."""
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"


@contextmanager
def name_server() -> Iterator[NameServer]:
    with NameServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()
