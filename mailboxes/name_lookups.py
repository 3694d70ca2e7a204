"""The addresses of names as the system's resolver has them, waited for only so long."""

import socket
from contextlib import suppress
from threading import Thread


def resolve(name: str, seconds: float) -> frozenset[str] | None:
    """Return the addresses of a name, if it has any; None if there is no answer in time.

    The resolver itself may wait for half a minute, and can't be stopped.
    """
    found: list[str] = []

    def ask() -> None:
        with suppress(OSError, UnicodeError):
            for _family, _kind, _protocol, _name, address in socket.getaddrinfo(name, None):
                found.append(str(address[0]))

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return None if asking.is_alive() else frozenset(found)
