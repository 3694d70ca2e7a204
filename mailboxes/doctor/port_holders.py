"""Programs that have a port which a daemon of the mail host needs."""

import re
from collections.abc import Iterable
from shlex import quote
from typing import NamedTuple

from mailboxes.doctor.access import Access
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

USERS = re.compile(r'\("(?P<name>[^"]+)",pid=(?P<pid>\d+),')
"""A program that listens, as ss(8) prints it."""


MAILS = ("dovecot.service", "postfix.service", "postfix@-.service")
"""The units whose daemons are meant to have the ports; they are only restarted."""


class Holder(NamedTuple):
    port: int
    name: str
    pid: str
    unit: str

    def sentence(self, daemon: str) -> str:
        seen = _("Port %(port)s is used by %(name)s (process %(pid)s), so %(daemon)s can't start.")
        return seen % {"port": self.port, "name": self.name, "pid": self.pid, "daemon": daemon}

    def stop(self, *services: str) -> Remedy:
        is_service = self.unit.endswith(".service")
        stop = f"systemctl disable --now {quote(self.unit)}"
        if not is_service:  # it may take a moment to end
            stop = f"kill {self.pid} && timeout 10 tail --pid={self.pid} -f /dev/null"
        advice = _("If you don't need that program, stop it; otherwise give it another port:")
        return Remedy(advice, f"{stop} && {restart_command(*services)}")


def find(access: Access, ports: Iterable[int], own: tuple[str, ...]) -> Holder | None:
    """Return who has the first of the ports that isn't a daemon's own, or systemd's."""
    for port in ports:
        listed = access.run(["ss", "-Hltnp", f"sport = :{port}"]).stdout
        found = USERS.search(listed)
        if found and found["name"] not in (*own, "systemd"):
            unit = access.run(["ps", "-o", "unit=", "-p", found["pid"]]).stdout.strip()
            if unit in MAILS:
                return None
            return Holder(port, found["name"], found["pid"], unit)
    return None
