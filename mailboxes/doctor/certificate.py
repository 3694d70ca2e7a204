"""The certificate of a port: whether there is TLS at all, until when, and for which name."""

import dataclasses
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from shlex import quote

from cryptography import x509

from mailboxes import texts
from mailboxes.conf import MailHost
from mailboxes.doctor import words
from mailboxes.doctor.access import Output
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART,
    APPLY_COMMAND,
    Remedy,
    restart_readers,
)
from mailboxes.texts import gettext as _

SOON = timedelta(days=14)
LETS_ENCRYPT = "/etc/letsencrypt/live/"
SELF_SIGNED = "/etc/ssl/certs/ssl-cert-snakeoil.pem"
SELF_SIGNED_KEY = "/etc/ssl/private/ssl-cert-snakeoil.key"


def check(examination: Examination, found: x509.Certificate, port: int) -> Iterator[Finding]:
    ends, now = found.not_valid_after_utc, datetime.now(UTC)
    name = examination.host.hostname
    params = {"port": port, "date": texts.date(ends), "name": name}
    if ends < now:
        seen = _("The certificate on port %(port)s has expired: %(date)s.") % params
        yield broken(f"ports.{port}.expired", seen, stand_in(examination, port))
    elif found.not_valid_before_utc > now:
        params["date"] = texts.date(found.not_valid_before_utc)
        seen = _(
            "The certificate on port %(port)s is only valid from %(date)s on, if this machine's "
            "clock is right."
        )
        yield broken(f"ports.{port}.early", seen % params, stand_in(examination, port))
    elif ends < now + SOON:
        seen = _("The certificate on port %(port)s expires soon: %(date)s.") % params
        yield warning(f"ports.{port}.expires", seen, renew(examination, port))
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
    """Return the paths of the certificate and the key that Postfix uses, as far as can be seen.

    With smtpd_tls_chain_files, one file has both; of several, it isn't known which has the key.
    """
    if not examination.access.sees_all:
        return examination.host.certificate, examination.host.certificate_key
    names = ("smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_key_file")
    done = examination.access.run(["postconf", "-hx", *names])
    lines = [*map(str.strip, done.stdout.splitlines()), "", "", ""]  # none if it fails
    chain, certificate, key = lines[:3]
    files = chain.replace(",", " ").split()
    if files:
        certificate = files[-1]
        key = certificate if len(files) == 1 else ""
    return certificate, key


def of_dovecot(examination: Examination) -> str:
    """Return the path of Dovecot's certificate, as far as can be seen."""
    if not examination.access.sees_all:
        return examination.host.certificate
    return dovecot_setting(examination, ("ssl_server/cert_file", "ssl_cert"))


def key_of_dovecot(examination: Examination) -> str:
    names = ("ssl_server/key_file", "ssl_server_key_file", "ssl_key")
    return dovecot_setting(examination, names) if examination.access.sees_all else ""


def dovecot_setting(examination: Examination, names: tuple[str, ...]) -> str:
    """Return the value of the first of the names that this release of Dovecot knows."""
    for name in names:
        done = examination.access.run(["doveconf", "-h", name])
        if done.status == 0 and done.stdout.strip():
            return done.stdout.strip().removeprefix("<")
    return ""


def renew(examination: Examination, port: int = 25) -> Remedy:
    path = of_dovecot(examination) if port == 993 else in_use(examination)[0]
    readers = restart_readers(examination.host)
    if is_self_signed(path):
        return renew_self_signed(examination.host)
    if path.startswith(LETS_ENCRYPT):
        return renew_at_lets_encrypt(examination.host, path)
    if not path:
        advice = _(
            "Replace the certificate and its key with a valid pair, then restart the services:"
        )
        return Remedy(advice, readers)
    if path == examination.host.certificate:
        advice = _("Replace %(path)s and its key with a valid pair, then restart the services:")
        return Remedy(advice % {"path": path}, readers)
    return replace(examination.host, path)


def stand_in(examination: Examination, port: int) -> Remedy:
    """Return what replaces a certificate that is over, at least with Debian's own for now."""
    of_port_993 = port not in (25, 465, 587)
    path, key = in_use(examination)
    if of_port_993:
        path, key = of_dovecot(examination), key_of_dovecot(examination)
    host = examination.host
    is_known = examination.access.sees_all and path and key
    if not is_known or is_self_signed(path) or path.startswith(LETS_ENCRYPT):
        return renew(examination, 993 if of_port_993 else port)
    remedy = until_replaced(host, path)
    if of_port_993 or path == host.certificate:
        remedy = remedy._replace(command=f"{link(path, key)} && {restart_readers(host)}")
    return remedy


def until_replaced(host: MailHost, path: str) -> Remedy:
    advice = _(
        "Replace %(path)s and its key with a valid pair. Until then, this uses Debian's own "
        "certificate, which mail programs warn about:"
    )
    return Remedy(advice % {"path": path}, self_signed(host).command)


def link(path: str, key: str) -> str:
    """Return the command that uses Debian's own pair at these places, and keeps what was there."""
    linked = "ln -sf --backup=numbered"
    return f"{linked} {SELF_SIGNED} {quote(path)} && {linked} {SELF_SIGNED_KEY} {quote(key)}"


def is_self_signed(path: str) -> bool:
    """Say whether it is Debian's own, as a link to it also is."""
    return path == SELF_SIGNED or (bool(path) and str(Path(path).resolve()) == SELF_SIGNED)


def renew_self_signed(host: MailHost) -> Remedy:
    command = "make-ssl-cert generate-default-snakeoil --force-overwrite"
    advice = _("It is Debian's self-signed certificate. Create a new one:")
    return Remedy(advice, f"{command} && {restart_readers(host)}")


def renew_at_lets_encrypt(host: MailHost, path: str, option: str = "") -> Remedy:
    name = quote(PurePosixPath(path).parent.name)
    command = f"certbot renew {option}--cert-name {name} && {restart_readers(host)}"
    return Remedy(_("Renew it:"), command)


def replace(host: MailHost, path: str) -> Remedy:
    """Return what replaces a certificate that isn't the one of the settings."""
    if host.certificate:
        return APPLY_AND_RESTART
    advice = _(
        "Replace %(path)s and its key with a valid pair, or set MAIL_TLS_CERT and MAIL_TLS_KEY in "
        ".env and run:"
    )
    return Remedy(advice % {"path": path}, f"{APPLY_COMMAND}; {restart_readers(host)}")


def no_tls(
    examination: Examination, port: int, error: smtplib.SMTPException, resort: Remedy
) -> Finding:
    """Say why a port refuses STARTTLS: often, the key isn't that of the certificate."""
    log = words.log(examination, words.MAIL)
    if examination.access.sees_all and (finding := unusable(examination, port)):
        return dataclasses.replace(finding, detail=log)
    seen = _("Port %(port)s refuses STARTTLS, so nobody can sign in there: %(reason)s")
    params = {"port": port, "reason": words.quoted(error)}
    return broken(f"ports.{port}.tls", seen % params, resort, log)


def unusable(examination: Examination, port: int) -> Finding | None:
    """Say what is wrong with Postfix's certificate and key, unless nothing is."""
    host, (path, key) = examination.host, in_use(examination)
    params = {"port": port, "path": path, "key": key}
    if not path:
        seen = _("Port %(port)s has no TLS: Postfix has no certificate (smtpd_tls_cert_file).")
        return broken(f"ports.{port}.certificate", seen % params, use_self_signed(host))
    if not key:
        return None
    certificate, private = public_keys(examination, path, key)
    if certificate.status and private.status and are_a_pair(examination, key, path):
        seen = _(
            "Port %(port)s has no TLS: %(path)s is the key and %(key)s the certificate, not the "
            "other way round."
        )
        return broken(f"ports.{port}.certificate", seen % params, exchange(host, path, key))
    for file, output in ((path, certificate), (key, private)):
        if output.status:
            seen = _("Port %(port)s has no TLS: %(file)s can't be used: %(reason)s")
            reason = words.quoted(output.stderr.strip().partition("\n")[0])
            params |= {"file": file, "reason": reason}
            return broken(f"ports.{port}.certificate", seen % params, put_back(host, path, file))
    if certificate.stdout == private.stdout:
        return None
    seen = _("Port %(port)s has no TLS: the key in %(key)s isn't that of the certificate %(path)s.")
    return broken(f"ports.{port}.key", seen % params, other_key(examination, path, key))


def are_a_pair(examination: Examination, path: str, key: str) -> bool:
    certificate, private = public_keys(examination, path, key)
    is_usable = certificate.status == private.status == 0
    return is_usable and certificate.stdout == private.stdout


def exchange(host: MailHost, path: str, key: str) -> Remedy:
    if path == host.certificate:
        advice = _("Swap MAIL_TLS_CERT and MAIL_TLS_KEY in .env, then export and apply:")
        return Remedy(advice, APPLY_AND_RESTART.command)
    if host.certificate:
        return APPLY_AND_RESTART
    files = f"smtpd_tls_cert_file={quote(key)} smtpd_tls_key_file={quote(path)}"
    return Remedy(_("Swap them:"), f"postconf -e {files} && {restart_readers(host)}")


def put_back(host: MailHost, path: str, file: str) -> Remedy:
    """Replace a file that is missing or damaged, at least with Debian's own for now."""
    if file in (SELF_SIGNED, SELF_SIGNED_KEY):
        return renew_self_signed(host)
    if host.certificate and path != host.certificate:
        return APPLY_AND_RESTART
    if path.startswith(LETS_ENCRYPT):
        return renew_at_lets_encrypt(host, path, "--force-renewal ")
    return self_signed(host)._replace(advice=for_now(file))


def other_key(examination: Examination, path: str, key: str) -> Remedy:
    """Use the key that belongs to the certificate, if it is in one of the usual places."""
    host = examination.host
    if path == SELF_SIGNED and key == SELF_SIGNED_KEY:
        return renew_self_signed(host)
    if path == SELF_SIGNED:
        return use_self_signed(host)
    if host.certificate and path != host.certificate:
        return APPLY_AND_RESTART
    folders = {str(PurePosixPath(file).parent) for file in (path, key)} | {"/etc/ssl/private"}
    names = ["-name", "*.key", "-o", "-name", "*key*.pem"]
    listed = examination.access.run(["find", *sorted(folders), "-maxdepth", "1", *names]).stdout
    fitting = [each for each in listed.splitlines()[:20] if are_a_pair(examination, path, each)]
    if not fitting:
        return until_replaced(host, path) if key == SELF_SIGNED_KEY else put_back(host, path, key)
    if host.certificate:
        advice = _("%(key)s is its key. Set MAIL_TLS_KEY in .env to it, then export and apply:")
        return Remedy(advice % {"key": fitting[0]}, APPLY_AND_RESTART.command)
    command = f"postconf -e smtpd_tls_key_file={quote(fitting[0])} && {restart_readers(host)}"
    return Remedy(_("%(key)s is its key. Use that:") % {"key": fitting[0]}, command)


def for_now(file: str) -> str:
    advice = _(
        "Put %(path)s back. Until then, this uses Debian's own certificate, which mail programs "
        "warn about:"
    )
    return advice % {"path": file}


def public_keys(examination: Examination, path: str, key: str) -> list[Output]:
    """Return the public key of a certificate and that of a private key, as openssl prints them."""
    commands = (
        ["openssl", "x509", "-noout", "-pubkey", "-in", path],
        ["openssl", "pkey", "-pubout", "-passin", "pass:", "-in", key],
    )
    return [examination.access.run(command) for command in commands]


def use_self_signed(host: MailHost) -> Remedy:
    """Return what gives Postfix a certificate again, at least Debian's own with its key."""
    return APPLY_AND_RESTART if host.certificate else self_signed(host)


def self_signed(host: MailHost) -> Remedy:
    files = f"smtpd_tls_cert_file={SELF_SIGNED} smtpd_tls_key_file={SELF_SIGNED_KEY}"
    command = f"postconf -e {files} && {restart_readers(host)}"
    return Remedy(_("Use Debian's own certificate and its key again:"), command)
