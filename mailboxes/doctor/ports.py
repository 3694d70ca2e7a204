"""Postfix and Dovecot as mail clients and other servers see them: their ports."""

import re
from collections.abc import Iterator
from dataclasses import replace

from mailboxes.actions.canary import alias_of
from mailboxes.conf import MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor import (
    disks,
    dovecot_settings,
    inbox,
    listeners,
    mail_folder,
    master_entries,
    mounts,
    outsiders,
    postfix_extras,
    postfix_services,
    reach,
    submission,
    words,
)
from mailboxes.doctor.access import KEPT, is_there
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.protocols import smtp
from mailboxes.doctor.remedies import APPLY_AND_RESTART, Remedy, restart_command
from mailboxes.doctor.submission import ERRORS, silent, unexplained
from mailboxes.export.renaming import as_user
from mailboxes.texts import gettext as _

Reply = tuple[int, bytes]
NEEDS_TLS = 530
GREYLISTING = re.compile(rb"gr[ae]y-?list", re.IGNORECASE)


def examine(examination: Examination) -> Iterator[Finding]:
    if examination.access.sees_all:
        yield from master_entries.examine(examination.access)
        yield from postfix_services.doubled(examination.access)
        yield from postfix_services.postscreen(examination.access)
        yield from postfix_services.without_port_25(examination.access)
        yield from outsiders.examine(examination)
    yield from check_port_25(examination)
    for port in (587, 465):
        yield from submission.check(examination, port)
    if examination.host.variant.name == "v2":
        yield from inbox.check(examination)
    elif examination.access.sees_all:
        yield from check_folder(examination)
    if examination.access.sees_all:
        yield from mounts.examine(examination.host)
        yield from check_disks(examination.host)
    if examination.access.is_mail_host:
        served = [25, 587, 465, *inbox.ports(examination.host)]
        yield from only_here(examination, served)
        yield from only_ipv6(examination, served)


def check_disks(host: MailHost) -> Iterator[Finding]:
    """Look at where mail is stored, and where it waits: a full disk shows only with a message."""
    found = disks.mail_remedies(host)
    if queue := disks.queue_remedy():
        found[disks.QUEUE] = queue
    for folder, remedy in found.items():
        seen = _("No mail can be stored in %(folder)s.") % {"folder": folder}
        yield broken("ports.disk", seen, remedy)


def only_here(examination: Examination, ports: list[int]) -> Iterator[Finding]:
    """Name the ports that nobody else can connect to."""
    closed = [port for port in ports if listeners.only_here(port)]
    seen = _("Only this machine itself can connect to these ports: %(ports)s.")
    advice = _("Unless that is intended, let Postfix listen on all addresses:")
    found = closed_to_others(examination, "ports.local", closed, seen, advice, "inet_interfaces")
    if 25 not in closed:
        yield from found
        return
    for finding in found:
        if remedy := reach.own_entry(examination.access):
            finding = replace(finding, remedy=remedy)
        if not reach.gets_mail_otherwise(examination):
            seen = _("%(seen)s So no mail arrives from other hosts.") % {"seen": finding.seen}
            finding = replace(finding, state=State.BROKEN, seen=seen)
        yield finding


def only_ipv6(examination: Examination, ports: list[int]) -> Iterator[Finding]:
    """Name the ports that clients with IPv4 can't connect to."""
    closed = [port for port in ports if listeners.lacks_ipv4(port)]
    seen = _("These ports are only open over IPv6, so most clients can't connect: %(ports)s.")
    advice = _("Unless that is intended, let Postfix use IPv4 as well:")
    yield from closed_to_others(examination, "ports.ipv4", closed, seen, advice, "inet_protocols")


def closed_to_others(
    examination: Examination, code: str, closed: list[int], seen: str, advice: str, setting: str
) -> Iterator[Finding]:
    """Name the ports, if there are any; the setting is Postfix's, which has port 25."""
    if not closed:
        return
    remedy = Remedy(advice, f"postconf -e {setting}=all && systemctl restart postfix")
    if 25 not in closed:
        changes = examination.dovecot_changes
        named = [each for each in changes.added if each.name == "listen"]
        remedy = Remedy(_("Unless that is intended, change the setting listen of Dovecot."))
        if named:
            remedy = dovecot_settings.without(named)
    yield warning(code, seen % {"ports": ", ".join(map(str, closed))}, remedy)


def check_port_25(examination: Examination) -> Iterator[Finding]:
    """Offer mail from another host: to the address, to nobody, and to a domain elsewhere."""
    address = examination.login.address if examination.login else UNKNOWN
    try:
        with smtp.connect(examination.access.address(25), 25) as client:
            if client.has_extn("auth"):
                seen = _(
                    "Port 25 offers signing in (AUTH) even without TLS, so passwords can be sent "
                    "unencrypted."
                )
                yield rule_finding(examination, "ports.25.auth", seen)
            client.mail("")
            foreign = client.rcpt(UNKNOWN)
            known = client.rcpt(address)
            alias = client.rcpt(alias_of(address)) if examination.folder else known
    except ERRORS as error:
        yield silent(examination, 25, error)
        return
    yield recipient_finding(examination, foreign, known, alias)


def recipient_finding(
    examination: Examination, foreign: Reply, known: Reply, alias: Reply
) -> Finding:
    if foreign[0] == 250:
        seen = _(
            "Port 25 relays mail from this machine to other hosts' domains without a sign-in. "
            "Anyone who can send from here, or from the networks in mynetworks, can send spam."
        )
        return rule_finding(examination, "ports.25.relay", seen)
    if foreign[0] == NEEDS_TLS:
        seen = _("Port 25 takes mail only over TLS, so hosts without it can't send any: %(reply)s")
        command = f"postconf -e smtpd_tls_security_level=may && {restart_command('postfix')}"
        remedy = Remedy(
            _("Let them send without it, as RFC 3207 demands of public hosts:"), command
        )
        return broken("ports.25.tls", seen % {"reply": words.reply(*foreign)}, remedy)
    if foreign[0] // 100 == 4 and is_soft(examination):
        seen = _("Port 25 only defers what it should refuse (soft_bounce): %(reply)s")
        command = f"postconf -X soft_bounce && {restart_command('postfix')}"
        remedy = Remedy(_("Turn that off, unless you are testing:"), command)
        return warning("ports.25.soft_bounce", seen % {"reply": words.reply(*foreign)}, remedy)
    if foreign[0] // 100 == 4:
        seen = _("Port 25 defers all mail, because a lookup fails: %(reply)s")
        params = {"reply": words.reply(*foreign)}
        return unexplained(examination, "ports.25.lookup", seen % params)
    if examination.login and known[0] // 100 == 4 and GREYLISTING.search(known[1]):
        seen = _("Port 25 puts off mail from hosts that it doesn't know (greylisting): %(reply)s")
        return not_checked("ports.25", seen % {"reply": words.reply(*known)})
    if examination.login and known[0] != 250:
        seen = _("Port 25 refuses mail for an address that exists: %(reply)s")
        params = {"reply": words.reply(*known)}
        return unexplained(examination, "ports.25.recipient", seen % params)
    if not examination.login:
        seen = _("Port 25 answers, and refuses mail for a domain that isn't this host's.")
        return working("ports.25", seen)
    if alias[0] // 100 == 5:
        seen = _("Port 25 accepts mail for a mailbox, but refuses mail for its alias: %(reply)s")
        seen %= {"reply": words.reply(*alias)}
        return unexplained(examination, "ports.25.alias", seen)
    examination.accepting.add(25)
    return working("ports.25", _("Port 25 accepts mail for this host, and for no other."))


def is_soft(examination: Examination) -> bool:
    """Say whether each refusal is made one for now; a lookup may fail all the same."""
    access = examination.access
    if not access.sees_all or "maps" in examination.broken:
        return False
    return access.run(["postconf", "-h", "soft_bounce"]).stdout.strip() == "yes"


def rule_finding(examination: Examination, code: str, seen: str) -> Finding:
    """Name a rule that isn't ours; with `apply --keep`, it may be the host's own."""
    if not is_there(KEPT):  # without it, `apply` asks about settings that others have changed
        return broken(code, seen, postfix_extras.undone(examination) or APPLY_AND_RESTART)
    advice = _(
        "apply --keep leaves port 25 as it was. If you don't need this, remove it from main.cf or "
        "master.cf."
    )
    return warning(code, seen, Remedy(advice))


def check_folder(examination: Examination) -> Iterator[Finding]:
    """V1: let the user to whom all mail belongs write where Postfix will."""
    host = examination.host
    if examination.access.run([*as_user(host).split(), "test", "-w", host.home]).status:
        seen = _("Postfix can't store mail: the user %(uid)s has no right to write to %(home)s.")
        params = {"uid": host.uid, "home": host.home}
        yield broken("ports.folder", seen % params, mail_folder.open_folder(examination))
