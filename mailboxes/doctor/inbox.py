"""The ports on which mail clients read mail: IMAP and, if it is exported, POP3."""

import imaplib
import poplib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from cryptography import x509

from mailboxes.actions.canary import PREFIX
from mailboxes.client_settings import incoming_servers
from mailboxes.conf import MailHost
from mailboxes.doctor import certificate, listeners, mail_folder, words
from mailboxes.doctor.access import SECONDS
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.protocols.smtp import certificate_of, lenient_context
from mailboxes.doctor.submission import ERRORS, last_resort, log, silent
from mailboxes.export.renaming import as_user
from mailboxes.texts import gettext as _

IMAP, IMAP_TLS, POP3, POP3_TLS = 143, 993, 110, 995


NOBODY_SIGNS_IN = {
    f"dovecot.{code}" for code in ("stopped", "socket", "auth", "scheme", "database", "time")
}


def ports(host: MailHost) -> list[int]:
    """Return the ports with TLS from the start that the variant serves."""
    return [server.port for server in incoming_servers(host)]


def check(examination: Examination) -> Iterator[Finding]:
    """Try the ports with TLS from the start, and the others if Dovecot has them."""
    found = ports(examination.host)
    if examination.access.is_mail_host:
        others = (IMAP, *([POP3] if POP3_TLS in found else []))
        found += [port for port in others if listeners.addresses(port)]
    if examination.named & NOBODY_SIGNS_IN or examination.login is None:
        reason = _("A hop before this one is broken, or there is no mailbox to sign in with.")
        yield not_checked(f"ports.{IMAP_TLS}", reason)
        return
    for place, port in enumerate(found):
        try:
            findings = list(check_port(examination, port, examination.login))
        except ERRORS as error:
            findings = [silent(examination, port, error)]
        yield from findings
        if any(finding.code.endswith(".inbox") for finding in findings):
            same = _("This port would open the same inbox.")
            yield from (not_checked(f"ports.{other}", same) for other in found[place + 1 :])
            return


def check_port(examination: Examination, port: int, login: Login) -> Iterator[Finding]:
    """Sign in, and open the inbox: that fails if Dovecot can't write the folder."""
    reads = read_imap if port in (IMAP, IMAP_TLS) else read_pop3
    found, problem = reads(examination, port, login)
    # All ports of Dovecot have the same one.
    if port == IMAP_TLS:
        yield from certificate.check(examination, found, port)
    params = {"port": port, "reply": words.quoted(problem)}
    if not problem:
        yield working(f"ports.{port}", accepted(examination, port) % params)
        return
    seen = _("Signing in works on port %(port)s, but the inbox can't be opened: %(reply)s")
    is_closed = "SERVERBUG" in problem or "SYS/" in problem
    is_elsewhere = examination.dovecot_changes.concern_storage
    can_be_opened = is_closed and not is_elsewhere
    resort = last_resort(examination, of_postfix=False)
    remedy = mail_folder.open_folder(examination) if can_be_opened else resort
    yield broken(f"ports.{port}.inbox", seen % params, remedy, log(examination))


def accepted(examination: Examination, port: int) -> str:
    if port in (POP3, POP3_TLS) and not examination.access.sees_all:
        return _("Port %(port)s answers, over TLS.")
    return _("Port %(port)s accepts the right password.")


def read_imap(examination: Examination, port: int, login: Login) -> tuple[x509.Certificate, str]:
    """Return the certificate, and why the inbox can't be opened, if it can't.

    It is only looked at where the folder, which that creates, can be removed.
    """
    access, address = examination.access, examination.access.address(port)
    context = lenient_context()
    if port == IMAP_TLS:
        client: imaplib.IMAP4 = imaplib.IMAP4_SSL(
            address, port, ssl_context=context, timeout=SECONDS
        )
    else:
        client = imaplib.IMAP4(address, port, timeout=SECONDS)
        client.starttls(context)
    with client:
        found = certificate_of(client.sock)
        # login() only takes ASCII.
        client.authenticate("PLAIN", lambda _: f"\0{login.address}\0{login.password}".encode())
        if not access.sees_all:
            return found, ""
        try:
            status, reply = client.status("INBOX", "(MESSAGES)")
        finally:
            remove_folder(examination)
    return found, "" if status == "OK" else b" ".join(filter(None, reply)).decode(errors="replace")


def read_pop3(examination: Examination, port: int, login: Login) -> tuple[x509.Certificate, str]:
    """Do the same. Signing in opens the inbox at once."""
    access, address = examination.access, examination.access.address(port)
    context = lenient_context()
    if port == POP3_TLS:
        client: poplib.POP3 = poplib.POP3_SSL(address, port, context=context, timeout=SECONDS)
    else:
        client = poplib.POP3(address, port, timeout=SECONDS)
        client.stls(context)
    try:
        found = certificate_of(client.sock)
        if access.sees_all:
            client.user(login.address)
            client.pass_(login.password)
        with suppress(OSError, poplib.error_proto):  # it has said all that was asked
            client.quit()
    finally:
        client.close()
        if access.sees_all:
            remove_folder(examination)
    return found, ""


def remove_folder(examination: Examination) -> None:
    """Remove the canary's folder, as the user to whom all mail belongs."""
    if own := canary_folder(examination):
        examination.access.run([*as_user(examination.host).split(), "rm", "-rf", "--", str(own)])


def remove_old_folders(examination: Examination, minutes: int) -> None:
    """Remove those beside the canary's that an examination has left that was killed."""
    if not (own := canary_folder(examination)):
        return
    names = ["-name", PREFIX + 12 * "[0-9a-f]", "-mmin", f"+{minutes}"]
    found = ["find", str(own.parent), "-mindepth", "1", "-maxdepth", "1", *names]
    remove = ["-exec", "rm", "-rf", "--", "{}", "+"]
    examination.access.run([*as_user(examination.host).split(), *found, *remove])


def canary_folder(examination: Examination) -> PurePosixPath | None:
    """Return the folder in which nothing belongs to a user."""
    folder = PurePosixPath(examination.folder)
    own = [each for each in (folder, *folder.parents) if each.name.startswith(PREFIX)]
    return own[-1] if own and ".." not in folder.parts else None
