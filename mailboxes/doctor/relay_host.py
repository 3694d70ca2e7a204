"""The host that Postfix sends all mail to that isn't for its own domains, if there is one."""

import re
import socket
from collections.abc import Iterator

from mailboxes.doctor.access import Access
from mailboxes.doctor.finding import Finding, warning
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.doctor.words import quoted
from mailboxes.name_lookups import resolve
from mailboxes.texts import gettext as _

PLACE = re.compile(r"\[(?P<name>[^\]]+)\](?::(?P<port>\d+))?")
"""With brackets, Postfix asks for no MX record."""

SECONDS = 1.0


def examine(access: Access) -> Iterator[Finding]:
    value = access.run(["postconf", "-h", "relayhost"]).stdout.strip()
    found = PLACE.fullmatch(value)
    if not found or not (reason := why_silent(found["name"], int(found["port"] or 25))):
        return
    seen = _("Mail for other hosts goes to %(name)s (relayhost), which doesn't answer: %(reason)s.")
    seen %= {"name": quoted(value), "reason": quoted(reason)}
    advice = _(
        "Repair the connection to it, or enter another one. If this host may send directly, let "
        "Postfix do so:"
    )
    command = f"postconf -e relayhost= && {restart_command('postfix')} && postqueue -f"
    yield warning("delivery.relay_host", seen, Remedy(advice, command))


def why_silent(name: str, port: int) -> str:
    if resolve(name, SECONDS) is None:
        return _("its name isn't resolved in time")
    try:
        socket.create_connection((name, port), SECONDS).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
