"""Dovecot's certificate and key, where it can't use them."""

from shlex import quote

from mailboxes.doctor.certificate import (
    LETS_ENCRYPT,
    SELF_SIGNED,
    SELF_SIGNED_KEY,
    of_dovecot,
    renew,
)
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

KEYS = ("ssl_server/key_file", "ssl_server_key_file", "ssl_key")
EXCHANGED = "contains a private key"


def remedy(examination: Examination, said: str) -> Remedy:
    """Exchange both, or use Debian's own until there is a pair again."""
    restarted = restart_command("dovecot", "postfix")
    certificate, key = of_dovecot(examination), setting(examination, KEYS)
    if not (certificate and key):
        advice = _("Put the certificate and its key back, then restart Dovecot and Postfix:")
        return Remedy(advice, restarted)
    if certificate.startswith(LETS_ENCRYPT):
        return renew(examination, 993)
    path, other = quote(certificate), quote(key)
    if EXCHANGED in said:
        advice = _("The certificate is where the key should be. Swap them:")
        command = f"mv {path} {path}.key && mv {other} {path} && mv {path}.key {other}"
        return Remedy(advice, f"{command} && {restarted}")
    advice = _(
        "Put a valid pair back. Until then, this uses Debian's own certificate, which mail "
        "programs warn about, and keeps the files as …~1~:"
    )
    linked = "ln -sf --backup=numbered"
    command = f"{linked} {SELF_SIGNED} {path} && {linked} {SELF_SIGNED_KEY} {other}"
    return Remedy(advice, f"{command} && {restarted}")


def setting(examination: Examination, names: tuple[str, ...]) -> str:
    """Return the value of the first of the names that this release of Dovecot knows."""
    for name in names:
        done = examination.access.run(["doveconf", "-h", name])
        if done.status == 0 and done.stdout.strip():
            return done.stdout.strip().removeprefix("<")
    return ""
