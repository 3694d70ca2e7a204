"""The certificate of a port: whether there is TLS at all, until when, and for which name."""

import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mailboxes.conf import MailHost
from mailboxes.doctor import words
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART,
    APPLY_COMMAND,
    Remedy,
    restart_readers,
)

SOON = timedelta(days=14)
SELF_SIGNED = "/etc/ssl/certs/ssl-cert-snakeoil.pem"
SELF_SIGNED_KEY = "/etc/ssl/private/ssl-cert-snakeoil.key"


def check(examination: Examination, found: x509.Certificate, port: int) -> Iterator[Finding]:
    ends, now = found.not_valid_after_utc, datetime.now(UTC)
    name = examination.host.hostname
    params = {"port": port, "date": date_format(ends, "DATETIME_FORMAT"), "name": name}
    if ends < now:
        seen = _("The certificate on port %(port)s has expired: %(date)s.") % params
        yield broken(f"ports.{port}.expired", seen, renew(examination))
    elif ends < now + SOON:
        seen = _("The certificate on port %(port)s expires soon: %(date)s.") % params
        yield warning(f"ports.{port}.expires", seen, renew(examination))
    if not covers(found, name):
        seen = _("The certificate on port %(port)s isn't for %(name)s: clients will reject it.")
        advice = _(
            "Set MAIL_TLS_CERT and MAIL_TLS_KEY in .env to a certificate for this name and its "
            "key, then export and apply."
        )
        yield warning(f"ports.{port}.name", seen % params, Remedy(advice))


def covers(found: x509.Certificate, name: str) -> bool:
    """Say whether the certificate is for this host name (RFC 6125, with one wildcard at most)."""
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    names = {each.lower() for each in extension.value.get_values_for_type(x509.DNSName)}
    return bool({name, f"*.{name.partition('.')[2]}"} & names)


def in_use(examination: Examination) -> tuple[str, str]:
    """Return the paths of the certificate and the key that Postfix uses, as far as can be seen."""
    if examination.access.sees_all:
        names = ("smtpd_tls_cert_file", "smtpd_tls_key_file")
        done = examination.access.run(["postconf", "-hx", *names])
        certificate, _newline, key = done.stdout.strip().partition("\n")
        return certificate, key
    return examination.host.certificate, examination.host.certificate_key


def renew(examination: Examination) -> Remedy:
    path, _key = in_use(examination)
    readers = restart_readers(examination.host)
    if path == SELF_SIGNED:
        command = f"make-ssl-cert generate-default-snakeoil --force-overwrite && {readers}"
        return Remedy(_("It is Debian's self-signed certificate. Create a new one:"), command)
    if path.startswith("/etc/letsencrypt/"):
        return Remedy(_("Renew it:"), f"certbot renew && {readers}")
    if path in ("", examination.host.certificate):
        advice = _("Replace %(path)s and its key with a valid pair, then restart the services:")
        return Remedy(advice % {"path": path or "MAIL_TLS_CERT"}, readers)
    return replace(examination.host, path)


def replace(host: MailHost, path: str) -> Remedy:
    """Return what replaces a certificate that isn't the one of the settings."""
    if host.certificate:
        return APPLY_AND_RESTART
    advice = _(
        "Replace %(path)s and its key with a valid pair, or set MAIL_TLS_CERT and MAIL_TLS_KEY in "
        ".env and run:"
    )
    return Remedy(advice % {"path": path}, f"{APPLY_COMMAND}; {restart_readers(host)}")


def no_tls(examination: Examination, port: int, error: smtplib.SMTPException) -> Finding:
    """Say why a port refuses STARTTLS: often, the key isn't that of the certificate."""
    path, key = in_use(examination)
    params = {"port": port, "reason": words.quoted(error), "path": path, "key": key}
    log = words.log(examination, words.MAIL)
    if not examination.access.sees_all or belong_together(examination, path, key):
        seen = _("Port %(port)s refuses STARTTLS, so nobody can sign in there: %(reason)s")
        return broken(f"ports.{port}.tls", seen % params, APPLY_AND_RESTART, log)
    seen = _("Port %(port)s has no TLS: the key in %(key)s isn't that of the certificate %(path)s.")
    remedy = replace(examination.host, path)
    if path == SELF_SIGNED and not examination.host.certificate:
        advice = _("Use the key of that certificate again:")
        command = f"postconf -e smtpd_tls_key_file={SELF_SIGNED_KEY}"
        remedy = Remedy(advice, f"{command} && {restart_readers(examination.host)}")
    return broken(f"ports.{port}.key", seen % params, remedy, log)


def belong_together(examination: Examination, path: str, key: str) -> bool:
    """Say whether a certificate and a key have the same public key."""
    commands = (
        ["openssl", "x509", "-noout", "-pubkey", "-in", path],
        ["openssl", "pkey", "-pubout", "-passin", "pass:", "-in", key],
    )
    certificate, private = [examination.access.run(command) for command in commands]
    return certificate.status == private.status == 0 and certificate.stdout == private.stdout
