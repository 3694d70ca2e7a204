"""Whether mail gets to a host whose port 25 is only open to the machine itself."""

import re
from pathlib import Path

from mailboxes.doctor.access import KEPT, Access, is_there
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.processes import processes
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.models import Domain
from mailboxes.routing import Kind
from mailboxes.texts import gettext as _

FETCHERS = ("fetchmail", "getmail", "mpop", "autossh", "stunnel", "stunnel4")
"""Programs that fetch mail elsewhere, or let connections from elsewhere end on this machine."""

FETCHMAIL = Path("/etc/fetchmailrc")
PROXIES = ("smtpd_upstream_proxy_protocol", "postscreen_upstream_proxy_protocol")
MAX_DOMAINS = 100
OF_LOOPBACK = re.compile(r"(?m)^(?:127\.0\.0\.1|localhost|\[::1\]):(?:smtp|25)\s+inet\s")


def gets_mail_otherwise(examination: Examination) -> bool:
    """Say whether something else is likely to bring mail, or whether none is expected here.

    A host that sends by a smarthost is often one that fetches its mail, or gets it over a tunnel.
    """
    access = examination.access
    if not access.sees_all or is_there(KEPT) or not has_local_domain():
        return True
    settings = access.run(["postconf", "-h", "relayhost", *PROXIES]).stdout.split()
    return bool(settings) or FETCHMAIL.exists() or any(map(is_running, FETCHERS))


def has_local_domain() -> bool:
    active = Domain.objects.filter(active=True)[:MAX_DOMAINS]
    return any(domain.route.kind == Kind.LOCAL for domain in active)


def is_running(name: str) -> bool:
    return next(processes(name), None) is not None


def own_entry(access: Access) -> Remedy | None:
    """Return what opens port 25 if its line in master.cf names an address of this machine's own."""
    if not access.sees_all or not OF_LOOPBACK.search(access.run(["postconf", "-M"]).stdout):
        return None
    advice = _("Unless that is intended, take the address out of the line in master.cf:")
    pattern = r"s/^(127\.0\.0\.1|localhost|\[::1\]):(smtp|25)([[:space:]]+inet)/\2\3/"
    command = f"sed -i -E '{pattern}' /etc/postfix/master.cf && {restart_command('postfix')}"
    return Remedy(advice, command)
