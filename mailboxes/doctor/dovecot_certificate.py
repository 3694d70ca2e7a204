"""Dovecot's certificate and key, where it can't use them."""

from shlex import quote

from mailboxes.doctor.certificate import (
    LETS_ENCRYPT,
    is_self_signed,
    key_of_dovecot,
    link,
    of_dovecot,
    renew,
)
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.remedies import Remedy, restart_command
from mailboxes.texts import gettext as _

EXCHANGED = "contains a private key"


def remedy(examination: Examination, said: str) -> Remedy:
    """Exchange both, or use Debian's own until there is a pair again."""
    restarted = restart_command("dovecot", "postfix")
    certificate, key = of_dovecot(examination), key_of_dovecot(examination)
    if not (certificate and key):
        advice = _("Put the certificate and its key back, then restart Dovecot and Postfix:")
        return Remedy(advice, restarted)
    if certificate.startswith(LETS_ENCRYPT) or is_self_signed(certificate):
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
    command = link(certificate, key)
    return Remedy(advice, f"{command} && {restarted}")
