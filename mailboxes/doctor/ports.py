"""Postfix and Dovecot as mail clients and other servers see them: their ports."""

import imaplib
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mailboxes.doctor.access import SECONDS
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.protocols import smtp
from mailboxes.doctor.remedies import APPLY, APPLY_AND_RESTART, Remedy, restart

SOON = timedelta(days=14)
ERRORS = (OSError, smtplib.SMTPException, EOFError, imaplib.IMAP4.error)


def examine(examination: Examination) -> Iterator[Finding]:
    yield from check_port_25(examination)
    for port in (587, 465):
        yield from check_submission(examination, port)
    if examination.host.variant.name == "v2":
        yield from check_imap(examination)


def silent(port: int, error: BaseException, service: str) -> Finding:
    seen = _("Port %(port)s gives no answer: %(reason)s.")
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    params = {"port": port, "reason": reason}
    command = f"systemctl restart {service}; journalctl -u '{service}*' -n 20 --no-pager"
    return broken(
        f"ports.{port}", seen % params, Remedy(_("Restart it and read its log:"), command)
    )


def check_port_25(examination: Examination) -> Iterator[Finding]:
    """Offer mail from another host: to the address, to nobody, and to a domain elsewhere."""
    address = examination.login.address if examination.login else UNKNOWN
    try:
        with smtp.connect(examination.access.ports, 25) as client:
            if client.has_extn("auth"):
                seen = _("Port 25 offers to check passwords, also without TLS.")
                yield broken("ports.25.auth", seen, APPLY)
            client.mail("")
            known, text = client.rcpt(address)
            foreign, _text = client.rcpt(UNKNOWN)
    except ERRORS as error:
        yield silent(25, error, "postfix")
        return
    if foreign == 250:
        seen = _("Port 25 relays mail to everybody.")
        yield broken("ports.25.relay", seen, APPLY)
    elif foreign // 100 == 4:
        seen = _("Port 25 defers mail, because a lookup fails.")
        advice = _("Repair the lookups, then restart Postfix:")
        yield broken("ports.25.lookup", seen, restart(advice, "postfix"))
    elif examination.login and known != 250:
        seen = _("Port 25 refuses mail for an address that exists: %(reply)s")
        reply = f"{known} {text.decode(errors='replace')}"
        yield broken("ports.25.recipient", seen % {"reply": reply})
    else:
        yield working("ports.25", _("Port 25 accepts mail for this host, and for no other."))


def check_submission(examination: Examination, port: int) -> Iterator[Finding]:
    """Sign in where mail clients do, over TLS; look at the certificate and the mechanisms."""
    try:
        with smtp.connect(examination.access.ports, port) as client:
            if port != 465:
                if client.has_extn("auth"):
                    seen = _("Port %(port)s offers to check passwords without TLS.")
                    yield broken(f"ports.{port}.clear", seen % {"port": port}, APPLY)
                smtp.start_tls(client)
            yield from check_certificate(smtp.certificate(client), examination.host.hostname, port)
            yield from check_mechanisms(client, examination, port)
            if client.has_extn("auth") and examination.login:
                reply = smtp.sign_in(client, *examination.login)
                yield sign_in_finding(*reply, examination, port)
    except ERRORS as error:
        yield silent(port, error, "postfix")


def check_certificate(found: x509.Certificate, name: str, port: int) -> Iterator[Finding]:
    ends, now = found.not_valid_after_utc, datetime.now(UTC)
    params = {"port": port, "date": date_format(ends, "DATETIME_FORMAT"), "name": name}
    renew = restart(_("Renew it, then restart the daemons:"), "postfix")
    if ends < now:
        seen = _("The certificate on port %(port)s has expired: %(date)s.") % params
        yield broken(f"ports.{port}.expired", seen, renew)
    elif ends < now + SOON:
        seen = _("The certificate on port %(port)s ends soon: %(date)s.") % params
        yield warning(f"ports.{port}.expires", seen, renew)
    if not covers(found, name):
        seen = _("The certificate on port %(port)s isn't for %(name)s: clients will reject it.")
        remedy = Remedy(_("Set MAIL_TLS_CERT and MAIL_TLS_KEY in .env, then export and apply."))
        yield warning(f"ports.{port}.name", seen % params, remedy)


def covers(found: x509.Certificate, name: str) -> bool:
    """Say whether the certificate is for this host name (RFC 6125, with one wildcard at most)."""
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    names = {each.lower() for each in extension.value.get_values_for_type(x509.DNSName)}
    return bool({name, f"*.{name.partition('.')[2]}"} & names)


def check_mechanisms(
    client: smtplib.SMTP, examination: Examination, port: int
) -> Iterator[Finding]:
    """Compare what is offered with what the stored passwords allow."""
    offered = set(client.esmtp_features.get("auth", "").split())
    expected = set(examination.host.scheme.mechanisms)
    params = {"port": port, "names": ", ".join(sorted(offered - expected))}
    if not offered:
        seen = _("Port %(port)s doesn't offer to sign in.") % params
        yield broken(f"ports.{port}.auth", seen, APPLY_AND_RESTART)
    elif offered - expected:
        seen = _("Port %(port)s offers %(names)s, which the stored passwords don't allow.") % params
        yield broken(f"ports.{port}.mechanisms", seen, APPLY_AND_RESTART)


def sign_in_finding(status: int, text: str, examination: Examination, port: int) -> Finding:
    """Say how the right password fared. A wrong one would be counted against this address."""
    params = {"port": port, "reply": f"{status} {text}"}
    if status == 235:
        return working(f"ports.{port}", _("The right password signs in on port %(port)s.") % params)
    seen = _("The right password doesn't sign in on port %(port)s: %(reply)s") % params
    if examination.broken & {"pam", "saslauthd", "dovecot", "database"}:
        advice = _("Repair what is broken before it, then restart Postfix:")
    else:
        advice = _("Everything before it works. Restart Postfix:")
    return broken(f"ports.{port}.sign_in", seen, restart(advice, "postfix"))


def check_imap(examination: Examination) -> Iterator[Finding]:
    """Sign in over IMAP, and open the inbox: that fails if Dovecot can't write the folder."""
    if "dovecot" in examination.broken or examination.login is None:
        yield not_checked("ports.993", _("The hop before it is broken, or nobody can sign in."))
        return
    try:
        status, reply = open_inbox(examination, *examination.login)
    except ERRORS as error:
        yield silent(993, error, "dovecot")
        return
    if status == "OK":
        yield working("ports.993", _("The right password signs in on port 993."))
    else:
        seen = _("The inbox can't be opened: %(reply)s") % {"reply": reply}
        uid, gid, home = examination.host.uid, examination.host.gid, examination.host.home
        remedy = Remedy(_("Let Dovecot write there:"), f"chown -R {uid}:{gid} {home}")
        yield broken("ports.993.inbox", seen, remedy)


def open_inbox(examination: Examination, address: str, password: str) -> tuple[str, str]:
    """Sign in; look at the inbox only where the folder, which that creates, can be removed."""
    access = examination.access
    client = imaplib.IMAP4_SSL(
        access.ports, 993, ssl_context=smtp.lenient_context(), timeout=SECONDS
    )
    with client:
        client.login(address, password)
        if not access.sees_all:
            return "OK", ""
        status, found = client.status("INBOX", "(MESSAGES)")
    if examination.folder:
        access.run(["rm", "-rf", "--", examination.folder])
    return status, b" ".join(filter(None, found)).decode(errors="replace")
