"""What this process may see of the mail host, and do there."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from mailboxes.conf import MailHost
from mailboxes.doctor import listeners

POSTFIX = Path("/etc/postfix")
KEPT = POSTFIX / "mailadmin" / "kept"
"""Exists on a host that also serves what it served before (`apply --keep`)."""

SECONDS = 3.0
"""How long a probe waits for an answer."""

TIMED_OUT = 124
"""The status of a program that gave no answer in time, as of timeout(1)."""


class Output(NamedTuple):
    """How a program ended: its status, the negative number of a signal, or TIMED_OUT."""

    status: int
    stdout: str
    stderr: str


class Runner(Protocol):
    def __call__(self, command: Sequence[str], input: str = "", user: str = "") -> Output:
        """Run a program, as this user if one is named; it never takes longer than SECONDS."""
        ...


@dataclass(frozen=True)
class Access:
    """The web process has no runner: it never starts programs."""

    runner: Runner | None
    is_mail_host: bool
    is_root: bool
    hostname: str
    """The name of the mail host."""

    @property
    def sees_all(self) -> bool:
        return self.runner is not None and self.is_mail_host and self.is_root

    def address(self, port: int) -> str:
        """Return the name or address at which a port of the mail host can be reached."""
        return listeners.best(listeners.addresses(port)) if self.is_mail_host else self.hostname

    def run(self, command: Sequence[str], input: str = "", user: str = "") -> Output:
        """Run a program; only to be called if `sees_all`."""
        if self.runner is None:
            raise RuntimeError("The web process starts no programs.")
        return self.runner(command, input, user)


def find_access(host: MailHost, runner: Runner | None = None) -> Access:
    """Return what this process can see: everything only as root on the mail host."""
    return Access(runner, is_mail_host(), os.geteuid() == 0, host.hostname)


def is_mail_host() -> bool:
    """Say whether the panel's configuration was applied to this machine.

    A Postfix alone is no evidence: it may only send the mail of the panel's machine. Either trace
    is enough, since the other one may be what is broken.
    """
    if (POSTFIX / "mailadmin").exists():
        return True
    try:
        return f"{POSTFIX}/mailadmin" in (POSTFIX / "main.cf").read_text(errors="replace")
    except OSError:
        return False


def is_there(path: Path) -> bool:
    """Say whether a file exists, as far as this process may look into its folder."""
    try:
        return path.exists()
    except OSError:
        return False
