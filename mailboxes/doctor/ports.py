"""Postfix and Dovecot as mail clients and other servers see them: their ports."""

import imaplib
from collections.abc import Iterator
from pathlib import PurePosixPath
from shlex import quote

from django.utils.translation import gettext as _

from mailboxes.actions.canary import PREFIX
from mailboxes.doctor import submission, words
from mailboxes.doctor.access import KEPT, SECONDS, is_there
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.protocols import smtp
from mailboxes.doctor.remedies import APPLY_AND_RESTART, Remedy
from mailboxes.doctor.submission import ERRORS, last_resort, log, silent, unexplained
from mailboxes.export.renaming import as_user


def examine(examination: Examination) -> Iterator[Finding]:
    yield from check_port_25(examination)
    for port in (587, 465):
        yield from submission.check(examination, port)
    if examination.host.variant.name == "v2":
        yield check_imap(examination)
    elif examination.access.sees_all:
        yield from check_folder(examination)


def check_port_25(examination: Examination) -> Iterator[Finding]:
    """Offer mail from another host: to the address, to nobody, and to a domain elsewhere."""
    address = examination.login.address if examination.login else UNKNOWN
    try:
        with smtp.connect(examination.access.ports, 25) as client:
            if client.has_extn("auth"):
                seen = _(
                    "Port 25 offers signing in (AUTH) even without TLS, so passwords can be sent "
                    "unencrypted."
                )
                yield rule_finding("ports.25.auth", seen)
            client.mail("")
            foreign = client.rcpt(UNKNOWN)
            known = client.rcpt(address)
    except ERRORS as error:
        yield silent(examination, 25, error)
        return
    yield recipient_finding(examination, foreign, known)


def recipient_finding(
    examination: Examination, foreign: tuple[int, bytes], known: tuple[int, bytes]
) -> Finding:
    if foreign[0] == 250:
        seen = _(
            "Port 25 relays mail from this machine to other hosts' domains without a sign-in. "
            "Anyone who can send from here, or from the networks in mynetworks, can send spam."
        )
        return rule_finding("ports.25.relay", seen)
    if foreign[0] // 100 == 4:
        seen = _("Port 25 defers all mail, because a lookup fails: %(reply)s")
        params = {"reply": words.reply(*foreign)}
        return unexplained(examination, "ports.25.lookup", seen % params)
    if examination.login and known[0] != 250:
        seen = _("Port 25 refuses mail for an address that exists: %(reply)s")
        params = {"reply": words.reply(*known)}
        return unexplained(examination, "ports.25.recipient", seen % params)
    if not examination.login:
        seen = _("Port 25 answers, and refuses mail for a domain that isn't this host's.")
        return working("ports.25", seen)
    return working("ports.25", _("Port 25 accepts mail for this host, and for no other."))


def rule_finding(code: str, seen: str) -> Finding:
    """Name a rule that isn't ours; with `apply --keep`, it may be the host's own."""
    if not is_there(KEPT):
        return broken(code, seen, APPLY_AND_RESTART)
    advice = _(
        "apply --keep leaves port 25 as it was. If you don't need this, remove it from main.cf or "
        "master.cf."
    )
    return warning(code, seen, Remedy(advice))


def check_imap(examination: Examination) -> Finding:
    """Sign in over IMAP, and open the inbox: that fails if Dovecot can't write the folder."""
    if "dovecot" in examination.broken or examination.login is None:
        reason = _("A hop before this one is broken, or there is no mailbox to sign in with.")
        return not_checked("ports.993", reason)
    try:
        status, reply = open_inbox(examination, *examination.login)
    except ERRORS as error:
        return silent(examination, 993, error)
    if status == "OK":
        return working("ports.993", _("Port 993 accepts the right password."))
    seen = _("Signing in works on port 993, but the inbox can't be opened: %(reply)s")
    params = {"reply": words.quoted(reply)}
    is_closed = "SERVERBUG" in reply
    remedy = open_folder(examination) if is_closed else last_resort(examination)
    return broken("ports.993.inbox", seen % params, remedy, log(examination))


def open_inbox(examination: Examination, address: str, password: str) -> tuple[str, str]:
    """Sign in; look at the inbox only where the folder, which that creates, can be removed."""
    access = examination.access
    with imaplib.IMAP4_SSL(
        access.ports, 993, ssl_context=smtp.lenient_context(), timeout=SECONDS
    ) as client:
        # login() only takes ASCII.
        client.authenticate("PLAIN", lambda _: f"\0{address}\0{password}".encode())
        if not access.sees_all:
            return "OK", ""
        try:
            status, found = client.status("INBOX", "(MESSAGES)")
        finally:
            remove_folder(examination)
    return status, b" ".join(filter(None, found)).decode(errors="replace")


def remove_folder(examination: Examination) -> None:
    """Remove the canary's folder, as the user to whom all mail belongs."""
    host, folder = examination.host, PurePosixPath(examination.folder)
    own = [each for each in (folder, *folder.parents) if each.name.startswith(PREFIX)]
    if own and ".." not in folder.parts:
        examination.access.run([*as_user(host).split(), "rm", "-rf", "--", str(own[-1])])


def check_folder(examination: Examination) -> Iterator[Finding]:
    """V1: let the user to whom all mail belongs write where Postfix will."""
    host = examination.host
    if examination.access.run([*as_user(host).split(), "test", "-w", host.home]).status:
        seen = _("Postfix can't store mail: the user %(uid)s has no right to write to %(home)s.")
        params = {"uid": host.uid, "home": host.home}
        yield broken("ports.folder", seen % params, open_folder(examination))


def open_folder(examination: Examination) -> Remedy:
    host, home = examination.host, quote(examination.host.home)
    command = (
        f"mkdir -p -m 0750 {home} && chown -R {host.uid}:{host.gid} {home} && chmod -R u+rwX {home}"
    )
    advice = _("Make the user %(uid)s the owner of all files in %(home)s again:")
    return Remedy(advice % {"uid": host.uid, "home": host.home}, command)
