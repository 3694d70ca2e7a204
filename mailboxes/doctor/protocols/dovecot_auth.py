"""Dovecot's auth protocol, as Postfix speaks it (Dovecot's “Authentication Protocol” 1.1)."""

import base64
import os
import socket
from collections.abc import Sequence
from typing import BinaryIO

from mailboxes.doctor.access import SECONDS

VERSION = b"VERSION\t1\t1\nCPID\t%d\n"


def authenticate(path: str, logins: Sequence[tuple[str, str]], seconds: float) -> list[str]:
    """Return the answers to PLAIN sign-ins in their order, such as `OK` or `FAIL code=temp_fail`.

    They are asked all at once, since each refusal takes about two seconds, and without the penalty
    that would delay the next sign-ins from this address. Raises OSError, also without a handshake.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        with connection.makefile("rb") as lines:
            connection.sendall(VERSION % os.getpid())
            await_line(lines, "DONE")
            for number, login in enumerate(logins, start=1):
                connection.sendall(request(number, *login))
            connection.settimeout(seconds)
            return answers(lines, len(logins))


def request(number: int, address: str, password: str) -> bytes:
    response = base64.b64encode(f"\0{address}\0{password}".encode())
    return b"AUTH\t%d\tPLAIN\tservice=smtp\tsecured\tno-penalty\tresp=%b\n" % (number, response)


def answers(lines: BinaryIO, count: int) -> list[str]:
    """Return what was answered to each request; other lines are skipped."""
    found: dict[int, str] = {}
    while len(found) < count:
        kind, *fields = read_line(lines).split("\t")
        if kind in ("OK", "FAIL"):
            codes = [field for field in fields if field.startswith("code=")]
            found[int(fields[0])] = " ".join([kind, *codes])
    return [found[number] for number in range(1, count + 1)]


def look_up(path: str, address: str) -> str:
    """Return what the userdb says of an address: USER, NOTFOUND or FAIL."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        with connection.makefile("rb") as lines:
            connection.sendall(VERSION.split(b"CPID", 1)[0])
            await_line(lines, "SPID")
            connection.sendall(f"USER\t1\t{address}\tservice=lmtp\n".encode())
            while (kind := read_line(lines).split("\t")[0]) not in ("USER", "NOTFOUND", "FAIL"):
                pass
            return kind


def await_line(lines: BinaryIO, wanted: str) -> None:
    while read_line(lines).split("\t")[0] != wanted:
        pass


def read_line(lines: BinaryIO) -> str:
    line = lines.readline(8192)
    if not line.endswith(b"\n"):
        raise ConnectionResetError("the connection was closed")
    return line.decode(errors="replace").rstrip("\n")
