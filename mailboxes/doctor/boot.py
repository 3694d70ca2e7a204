"""The services that must start when the mail host boots."""

from collections.abc import Iterator

from mailboxes.conf import MailHost
from mailboxes.doctor.access import Access
from mailboxes.doctor.finding import Finding, warning
from mailboxes.doctor.remedies import Remedy, database_service
from mailboxes.texts import gettext as _

BACKENDS = {"v1": "saslauthd", "v2": "dovecot"}
LEFT_OUT = ("disabled", "masked", "masked-runtime")


def examine(host: MailHost, access: Access) -> Iterator[Finding]:
    """Name those that run now, but won't after the next boot; what doesn't run has a finding."""
    if not access.sees_all:
        return
    services = [BACKENDS[host.variant.name], "postfix"]
    if any(place.is_local for place in host.database.hosts):
        services.insert(0, database_service())
    off = {name: state for name in services if (state := left_out(access, name))}
    if not off:
        return
    names = " ".join(off)
    seen = _("These services run, but won't start when this machine boots: %(names)s.")
    masked = " ".join(name for name, state in off.items() if state.startswith("masked"))
    unmask = f"systemctl unmask {masked} && " if masked else ""
    remedy = Remedy(_("Let them start:"), f"{unmask}systemctl enable {names}")
    yield warning("drift.boot", seen % {"names": ", ".join(off)}, remedy)


def left_out(access: Access, service: str) -> str:
    """Return the state of a service that runs without being started at boot; else nothing."""
    if access.run(["systemctl", "is-active", "--quiet", service]).status:
        return ""
    # An init script's name is printed before.
    state = access.run(["systemctl", "is-enabled", service]).stdout.strip().rpartition("\n")[2]
    return state if state in LEFT_OUT else ""
