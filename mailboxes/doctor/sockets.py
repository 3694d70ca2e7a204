"""Whether Postfix can connect to the socket of another daemon."""

import sys

from mailboxes.doctor.examination import Examination

CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def refuses_postfix(examination: Examination, path: str) -> str:
    """Return the last line of what goes wrong when the user postfix connects; empty if nothing."""
    done = examination.access.run([sys.executable, "-I", "-c", CONNECT, path], user="postfix")
    return done.stderr.strip().rpartition("\n")[2] if done.status else ""
