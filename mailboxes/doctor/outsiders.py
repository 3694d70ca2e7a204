"""Rules of port 25 that let in this machine itself, and so the doctor, but no other host."""

from collections.abc import Iterator
from ipaddress import ip_network

from mailboxes.doctor import reach
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.postfix_settings import PORT_25, assignments
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.doctor.words import quoted
from mailboxes.texts import gettext as _

RULES = tuple(f"smtpd_{part}_restrictions" for part in ("client", "helo", "sender", "recipient"))
OF_OTHERS = ("permit_mynetworks", "permit_inet_interfaces", "permit_sasl_authenticated")
"""What lets in neither a host elsewhere nor its mail."""


def examine(examination: Examination) -> Iterator[Finding]:
    """Name the rules, unless mynetworks has other machines: one of them may take mail first."""
    access = examination.access
    if reach.gets_mail_otherwise(examination) or not is_loopback(
        access.run(["postconf", "-xh", "mynetworks"]).stdout
    ):
        return
    here = assignments(access.run(["postconf", "-x", *RULES]).stdout.splitlines())
    options = assignments(access.run(["postconf", "-Px"]).stdout.splitlines())
    of_port = {f"{service}/{name}": name for service in PORT_25 for name in RULES}
    ours = {key: options[key] for key in of_port if key in options}
    named = {name: value for name, value in here.items() if name not in map(of_port.get, ours)}
    closed = {name: value for name, value in (named | ours).items() if refuses_others(value)}
    for name, value in closed.items():
        seen = _(
            "Port 25 takes no mail from other hosts: %(name)s refuses all but this machine and "
            "those who sign in (%(value)s)."
        )
        command = (
            f"postconf {'-PX' if '/' in name else '-X'} {name} && {restart_command('postfix')}"
        )
        remedy = Remedy(_("Remove this setting, or its last “reject”:"), command)
        yield broken("ports.25.outsiders", seen % {"name": name, "value": quoted(value)}, remedy)


def is_loopback(text: str) -> bool:
    """Say whether there are networks, and all of them are this machine's own."""
    words = text.replace(",", " ").split()
    try:
        networks = [ip_network(word.replace("[", "").replace("]", ""), False) for word in words]
    except ValueError:  # a table
        return False
    loopback = [ip_network("127.0.0.0/8"), ip_network("::1"), ip_network("::ffff:127.0.0.0/104")]
    return bool(networks) and all(
        any(each.version == own.version and each.subnet_of(own) for own in loopback)  # type: ignore[arg-type]
        for each in networks
    )


def refuses_others(value: str) -> bool:
    """Say whether each host elsewhere ends at `reject`, as far as no table or server decides."""
    for word in value.replace(",", " ").split():
        if word == "reject":
            return True
        is_argument = "." in word
        if not (is_argument or word in OF_OTHERS or word.startswith("reject_")):
            return False
    return False
