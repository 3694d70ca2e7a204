"""Ports 587 and 465: TLS, the mechanisms that are offered, a sign-in, and a first mail."""

import imaplib
import poplib
import smtplib
from collections.abc import Iterator
from dataclasses import replace
from socket import gaierror

from mailboxes.doctor import (
    certificate,
    disks,
    dovecot_causes,
    dovecot_resort,
    elsewhere,
    listeners,
    master_entries,
    packages,
    postfix_causes,
    postfix_extras,
    postfix_services,
    words,
)
from mailboxes.doctor.examination import Examination, Login
from mailboxes.doctor.finding import Finding, broken, working
from mailboxes.doctor.processes import is_suspended
from mailboxes.doctor.protocols import smtp
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART,
    REPAIR_BEFORE,
    Remedy,
    restart,
    restart_command,
)
from mailboxes.texts import gettext as _

ERRORS = (
    OSError,
    ValueError,
    smtplib.SMTPException,
    EOFError,
    imaplib.IMAP4.error,
    poplib.error_proto,
)


def check(examination: Examination, port: int) -> Iterator[Finding]:
    """Sign in where mail clients do, and try to send as oneself; nothing is sent."""
    try:
        with smtp.connect(examination.access.address(port), port) as client:
            if port != 465:
                if client.has_extn("auth"):
                    seen = _(
                        "Port %(port)s offers signing in (AUTH) without TLS, so passwords can be "
                        "sent unencrypted."
                    )
                    yield broken(f"ports.{port}.clear", seen % {"port": port}, APPLY_AND_RESTART)
                try:
                    smtp.start_tls(client)
                except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as error:
                    yield certificate.no_tls(examination, port, error, last_resort(examination))
                    return
            found = smtp.certificate(client)
            yield from certificate.check(examination, found, port)
            yield from check_mechanisms(client, examination, port)
            if client.has_extn("auth") and examination.login:
                yield sign_in(client, examination, examination.login, port)
            elif client.has_extn("auth"):
                seen = _("Port %(port)s offers signing in over TLS.")
                yield working(f"ports.{port}", seen % {"port": port})
    except ERRORS as error:
        yield silent(examination, port, error)


def silent(examination: Examination, port: int, error: BaseException) -> Finding:
    """Say that a port doesn't answer as it should; the log may know why."""
    reason = words.quoted(
        getattr(error, "strerror", None) or str(error) or type(error).__name__
    ).rstrip(".")
    params = {"port": port, "reason": reason}
    seen = _("The connection to port %(port)s broke off: %(reason)s.")
    is_late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
    if isinstance(error, ConnectionRefusedError):
        seen = _("Nothing answers on port %(port)s: %(reason)s.")
    elif is_late:
        seen = _("Port %(port)s accepts connections, but gave no answer in time.")
    of_postfix = port in (25, 465, 587)
    remedy = last_resort(examination, of_postfix=of_postfix)
    asks_dns = of_postfix and is_late and not listeners.hosts_names_loopback()
    if asks_dns and examination.access.sees_all:
        remedy = name_loopback()
    if not examination.access.is_mail_host and isinstance(error, gaierror | TimeoutError):
        return elsewhere.unreachable(examination, port, reason)
    if examination.access.is_mail_host and is_suspended("smtpd"):
        remedy = restart(_("Processes of Postfix are suspended. Restart it:"), "postfix")
    is_refused = isinstance(error, ConnectionRefusedError)
    is_seen = port == 465 and examination.access.sees_all and not (is_late or is_refused)
    if is_seen and (finding := certificate.unusable(examination, port)):
        return replace(finding, code=f"ports.{port}", detail=log(examination))
    if not of_postfix and not examination.is_broken_before:
        return dovecot_causes.explain(examination, f"ports.{port}", seen % params)
    return broken(f"ports.{port}", seen % params, remedy, log(examination))


def name_loopback() -> Remedy:
    advice = _(
        "/etc/hosts doesn't name 127.0.0.1, so Postfix asks the DNS for it and waits. Add it, then "
        "restart Postfix:"
    )
    command = f"echo '127.0.0.1 localhost' >>{listeners.HOSTS} && {restart_command('postfix')}"
    return Remedy(advice, command)


def log(examination: Examination) -> str:
    """Return what the log says, unless it is about what is broken before."""
    return "" if examination.is_broken_before else words.log(examination, words.MAIL)


def last_resort(examination: Examination, *, of_postfix: bool = True) -> Remedy:
    """Return what helps where only the end of the chain is seen to be broken."""
    if examination.is_broken_before:
        return REPAIR_BEFORE
    sees_postfix = of_postfix and examination.access.sees_all
    if sees_postfix and (disk := disks.queue_remedy()):
        return disk
    if sees_postfix and (wrong := master_entries.unreadable(examination.access)):
        return master_entries.remedy(wrong)
    if sees_postfix and (lacking := next(postfix_services.missing(examination.access), None)):
        return lacking.remedy
    if sees_postfix and (cause := postfix_causes.lately(examination)):
        return cause.remedy
    if sees_postfix and (changed := postfix_services.changed(examination.access)):
        return changed
    is_ours = not of_postfix or examination.dovecot_changes.undone
    if extras := {} if is_ours else postfix_extras.find(examination):
        return postfix_extras.remedy(extras)
    if of_postfix and (differing := postfix_extras.undone(examination)):
        return differing
    if sees_postfix and (lost := postfix_extras.lost(examination)):
        return lost
    if sees_postfix and (openssl := packages.changed_openssl(examination)):
        return openssl
    if examination.host.variant.name == "v2":
        return dovecot_resort.remedy(examination)
    return APPLY_AND_RESTART


def unexplained(examination: Examination, code: str, seen: str) -> Finding:
    """Say what is broken, with the words of the log and the last resort."""
    return broken(code, seen, last_resort(examination), log(examination))


def check_mechanisms(
    client: smtplib.SMTP, examination: Examination, port: int
) -> Iterator[Finding]:
    """Compare what is offered with what the stored passwords allow."""
    offered = set(client.esmtp_features.get("auth", "").split())
    expected = set(examination.host.scheme.mechanisms)
    params = {"port": port, "names": words.quoted(", ".join(sorted(offered - expected)))}
    if not offered:
        seen = _("Port %(port)s doesn't offer signing in (AUTH), so mail clients don't even try.")
        seen %= params
        yield broken(f"ports.{port}.auth", seen, last_resort(examination))
    elif offered - expected:
        seen = _(
            "Port %(port)s offers %(names)s, which the stored passwords don't allow: mail clients "
            "that choose it are refused."
        )
        yield broken(f"ports.{port}.mechanisms", seen % params, last_resort(examination))


def sign_in(client: smtplib.SMTP, examination: Examination, login: Login, port: int) -> Finding:
    """Sign in with the right password. A wrong one would be counted against this address."""
    status, text = smtp.sign_in(client, *login)
    params = {"port": port, "reply": words.quoted(f"{status} {text}")}
    if status != 235:
        seen = _("Port %(port)s refuses the right password: %(reply)s")
        return unexplained(examination, f"ports.{port}.sign_in", seen % params)
    client.mail(login.address)
    status, answer = client.rcpt(login.address)
    client.rset()
    if status == 250:
        examination.accepting.add(port)
        seen = _(
            "Port %(port)s accepts the right password, and lets the mailbox send as its own "
            "address."
        )
        return working(f"ports.{port}", seen % params)
    params["reply"] = words.reply(status, answer)
    if status == 553:
        seen = _("Port %(port)s doesn't let a mailbox send as its own address: %(reply)s")
    else:
        seen = _("Signing in works on port %(port)s, but sending doesn't: %(reply)s")
    return unexplained(examination, f"ports.{port}.sender", seen % params)
