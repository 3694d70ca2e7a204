"""V2: Dovecot, which checks passwords for Postfix, stores the mail, and serves it."""

import smtplib
from collections.abc import Iterator

from django.utils.translation import gettext as _

from mailboxes.doctor import sockets
from mailboxes.doctor.access import SECONDS
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.processes import command_lines
from mailboxes.doctor.protocols import dovecot_auth
from mailboxes.doctor.remedies import APPLY, APPLY_AND_RESTART, Remedy, restart

AUTH = "/var/spool/postfix/private/auth"
LMTP = "/var/spool/postfix/private/dovecot-lmtp"
USERDB = "/run/dovecot/auth-userdb"
OK, FAIL, TEMP_FAIL = "OK", "FAIL", "FAIL code=temp_fail"


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_checked("dovecot", _("It isn't on this machine."))
        return
    mistake = configuration_mistake(examination)
    if mistake:
        yield mistake
    if not list(command_lines("dovecot")):
        seen = _("Dovecot isn't running.")
        advice = _("Correct its configuration, then start it:") if mistake else _("Start it:")
        yield broken("dovecot.stopped", seen, restart_both(advice))
        return
    if not examination.access.is_root:
        yield not_checked("dovecot.auth", _("Only root and Postfix can use its sockets."))
    elif examination.login is None:
        yield not_checked("dovecot.auth", _("There is no address to sign in with."))
    else:
        yield from check_auth(examination, *examination.login)
    yield from check_lmtp(examination)


def restart_both(advice: str) -> Remedy:
    """Postfix, too: an smtpd that has lost Dovecot stays without it, and a reload doesn't help."""
    return restart(advice, "dovecot", "postfix")


def configuration_mistake(examination: Examination) -> Finding | None:
    """Let Dovecot read its configuration; others than root can't read all of it."""
    if not examination.access.sees_all:
        return None
    done = examination.access.run(["doveconf", "-n"])
    if not done.status:
        return None
    reason = done.stderr.strip().rpartition("\n")[2]
    seen = _("Dovecot's configuration has a mistake: %(reason)s") % {"reason": reason}
    return broken("dovecot.configuration", seen, APPLY)


def check_auth(examination: Examination, address: str, password: str) -> Iterator[Finding]:
    """Sign in as Postfix does: with the right password, with a wrong one, and as nobody."""
    logins = [(address, password), (address, examination.wrong), (UNKNOWN, examination.wrong)]
    try:
        found = dovecot_auth.authenticate(AUTH, logins, 2 * SECONDS)
    except OSError as error:
        reason = error.strerror or str(error)
        seen = _("Dovecot's socket for sign-ins (%(path)s) gives no answer: %(reason)s.")
        params = {"path": AUTH, "reason": reason}
        yield broken("dovecot.socket", seen % params, APPLY)
        return
    yield auth_finding(*found)
    if examination.access.sees_all and (reason := sockets.refuses_postfix(examination, AUTH)):
        seen = _("Postfix can't connect to Dovecot's socket: %(reason)s") % {"reason": reason}
        advice = _("Let Dovecot create it again, with the right owner:")
        yield broken("dovecot.permission", seen, restart_both(advice))


def auth_finding(right: str, wrong: str, unknown: str) -> Finding:
    """Say what the answers mean. Temporary failures for everybody come from the database."""
    if wrong == OK:
        return broken("dovecot.open", _("Dovecot accepts a wrong password."), APPLY)
    if right == OK:
        return working(
            "dovecot.auth", _("Dovecot accepts the right password and refuses a wrong one.")
        )
    if unknown == TEMP_FAIL:
        seen = _("Dovecot can't ask the database, so nobody can sign in.")
        return broken("dovecot.database", seen, APPLY_AND_RESTART)
    if right == TEMP_FAIL:
        seen = _("Dovecot can't use the way the password is stored.")
        return broken("dovecot.scheme", seen, APPLY)
    seen = _("Dovecot refuses the right password.")
    return broken("dovecot.auth", seen, APPLY)


def check_lmtp(examination: Examination) -> Iterator[Finding]:
    """Offer a message for the address where Postfix delivers mail, and take it back."""
    if not examination.access.is_root or examination.login is None:
        yield not_checked("dovecot.lmtp", _("Only root and Postfix can deliver mail to it."))
        return
    if "dovecot.database" in examination.broken:
        yield not_checked("dovecot.lmtp", _("It would wait for the database."))
        return
    try:
        with smtplib.LMTP(LMTP, timeout=SECONDS) as lmtp:
            lmtp.ehlo_or_helo_if_needed()
            lmtp.mail("")
            status, text = lmtp.rcpt(examination.login.address)
    except (OSError, smtplib.SMTPException) as error:
        seen = _("Dovecot's socket for deliveries (%(path)s) gives no answer: %(reason)s.")
        params = {"path": LMTP, "reason": getattr(error, "strerror", None) or error}
        yield broken("dovecot.lmtp", seen % params, APPLY)
        return
    if status == 250:
        yield working("dovecot.lmtp", _("Dovecot accepts mail for the address."))
    else:
        seen = _("Dovecot doesn't accept mail for the address: %(reply)s")
        reply = f"{status} {text.decode(errors='replace')}"
        yield broken("dovecot.lmtp", seen % {"reply": reply}, APPLY)
