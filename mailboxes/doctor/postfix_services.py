"""The services in master.cf that a message passes on its way to the mailbox."""

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from mailboxes.doctor.access import POSTFIX, Access
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.remedies import APPLY_AND_RESTART, Remedy, restart_command
from mailboxes.texts import gettext as _

STOCK = Path("/usr/share/postfix/master.cf.dist")
NEEDED = {
    *("pickup", "cleanup", "qmgr", "rewrite", "bounce", "defer", "trace"),
    *("proxymap", "smtp", "error", "retry"),
    *("tlsmgr", "anvil", "showq"),
}
TRANSPORTS = ("virtual_transport", "local_transport", "default_transport", "relay_transport")
CHROOT, PROGRAM = 4, 7
"""The columns of a line."""

SMTP = "smtp inet n - y - - smtpd"
SMTPD = "smtpd pass - - y - - smtpd"
PORTS = (("smtp", "25"), ("submission", "587"), ("submissions", "smtps", "465"))
NAME = re.compile(r"[\w.-]+")


def missing(access: Access) -> Iterator[Finding]:
    """Name what every message needs, and the transports that main.cf names."""
    listed = access.run(["postconf", "-M"])
    here = services(listed.stdout)
    if not here and not listed.status and STOCK.exists():
        yield empty()
        return
    lacking = [name for name in needed(access) if name not in here]
    if not (here and lacking):
        return
    stock = services(stock_text())
    lines = [stock[name] for name in lacking if name in stock]
    seen = _("master.cf lacks services that mail needs: %(names)s.") % {"names": ", ".join(lacking)}
    advice = _("Put them back, restart Postfix, and let it retry the mail that waits:")
    remedy = Remedy(advice, add(lines))
    if len(lines) < len(lacking):
        remedy = Remedy(_("Add them to master.cf, or name other ones in main.cf."))
    yield broken("delivery.service", seen, remedy)


def empty() -> Finding:
    """Begin with Debian's own file again, to which `apply` adds the panel's services."""
    seen = _("master.cf has no services.")
    advice = _("Use Debian's own file again, then export and apply the configuration:")
    command = f"cp {STOCK} {POSTFIX / 'master.cf'}; {APPLY_AND_RESTART.command}"
    return broken("delivery.service", seen, Remedy(advice, command))


def without_port_25(access: Access) -> Iterator[Finding]:
    """Name what receives mail, if master.cf lacks it; the panel's own services are compared."""
    listed = [line.split()[:2] for line in access.run(["postconf", "-M"]).stdout.splitlines()]
    here = [name.rpartition(":")[2] for name, kind in listed if kind == "inet"]
    if listed and not set(here) & set(PORTS[0]):
        seen = _("master.cf has no service for port 25, so no mail comes in.")
        command = f"postconf -Me {quote(f'smtp/inet={SMTP}')} && {restart_command('postfix')}"
        yield broken("ports.25.service", seen, Remedy(_("Add it, then restart Postfix:"), command))


def needed(access: Access) -> list[str]:
    values = access.run(["postconf", "-h", *TRANSPORTS, "content_filter"]).stdout.split("\n")
    named = {found[0] for value in values if (found := NAME.match(value))}
    return sorted(NEEDED | named)


def changed(access: Access) -> Remedy | None:
    """Return what sets back services that run another program, or in a chroot without its files."""
    here, stock = services(access.run(["postconf", "-M"]).stdout), services(stock_text())
    names = [
        name
        for name in needed(access)
        if name in here and name in stock and is_changed(here[name].split(), stock[name].split())
    ]
    if not names:
        return None
    advice = _(
        "In master.cf, these services aren't as Debian has them: %(names)s. If you don't need "
        "that, set them back:"
    )
    return Remedy(advice % {"names": ", ".join(names)}, add([stock[name] for name in names]))


def is_changed(here: list[str], stock: list[str]) -> bool:
    return here[PROGRAM] != stock[PROGRAM] or (stock[CHROOT] == "n" and here[CHROOT] != "n")


def doubled(access: Access) -> Iterator[Finding]:
    """Name services on a port that another one has already: Postfix uses only one of them."""
    listed = [line.split()[:2] for line in access.run(["postconf", "-M"]).stdout.splitlines()]
    here = [name for name, kind in listed if kind == "inet"]
    for names in PORTS:
        found = [name for name in here if name.rpartition(":")[2] in names]
        first = next((name for name in names if name in found), "")
        others = [f"{name}/inet" for name in found if name != first]
        if first and others:
            seen = _("In master.cf, these services have the same port: %(names)s.")
            seen %= {"names": ", ".join(found)}
            command = f"postconf -MX {' '.join(map(quote, others))} && {restart_command('postfix')}"
            advice = _("Remove the one that isn't the panel's, then restart Postfix:")
            yield broken("ports.doubled", seen, Remedy(advice, command))


def postscreen(access: Access) -> Iterator[Finding]:
    """Name what postscreen(8) lacks to hand connections on."""
    listed = [line.split() for line in access.run(["postconf", "-M"]).stdout.splitlines()]
    if any("postscreen" in line[7:8] for line in listed) and not any(
        line[:2] == ["smtpd", "pass"] for line in listed
    ):
        seen = _("Port 25 is postscreen's, but master.cf has no service to which it hands clients.")
        command = f"postconf -Me {quote(f'smtpd/pass={SMTPD}')} && {restart_command('postfix')}"
        remedy = Remedy(_("Add it, then restart Postfix:"), command)
        yield broken("ports.postscreen", seen, remedy)


def services(text: str) -> dict[str, str]:
    """Return the lines of the services that aren't ports, by name; options are on the same one."""
    joined = re.sub(r"\n\s+", " ", re.sub(r"(?m)^\s*#.*\n?", "", text))
    lines = [" ".join(line.split()) for line in joined.splitlines()]
    return {line.split()[0]: line for line in lines if line.split()[1:2] == ["unix"]}


def stock_text() -> str:
    try:
        return STOCK.read_text(errors="replace")
    except OSError:
        return ""


def add(lines: list[str]) -> str:
    assigned = " ".join(quote(f"{line.split()[0]}/unix={line}") for line in lines)
    return f"postconf -Me {assigned} && {restart_command('postfix')} && postqueue -f"
