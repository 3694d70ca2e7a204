"""saslauthd's own protocol over its socket (saslauthd/saslauthd-main.c, ipc_unix.c)."""

import socket
import struct

from mailboxes.doctor.access import SECONDS


def ask(path: str, user: str, realm: str, password: str, service: str = "smtp") -> str:
    """Return the answer, which begins with OK or NO; empty if the worker died without one.

    Raises OSError, also when there is no answer in time.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(path)
        words = (user, password, service, realm)
        connection.sendall(b"".join(map(counted, words)))
        with connection.makefile("rb") as answers:
            size = answers.read(2)
            return answers.read(*struct.unpack("!H", size)).decode() if len(size) == 2 else ""


def counted(word: str) -> bytes:
    """Return a string as it is sent: its length in two bytes, then its bytes."""
    data = word.encode()
    return struct.pack("!H", len(data)) + data
