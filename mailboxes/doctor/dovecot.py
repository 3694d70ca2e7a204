"""V2: Dovecot, which checks passwords for Postfix, stores the mail, and serves it."""

import re
import smtplib
from collections.abc import Iterator
from shlex import quote

from mailboxes.doctor import dovecot_settings, paths, words
from mailboxes.doctor.access import SECONDS
from mailboxes.doctor.elsewhere import not_here, unseen
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.processes import are_visible, command_lines, is_suspended
from mailboxes.doctor.protocols import dovecot_auth
from mailboxes.doctor.protocols.smtp import own_name
from mailboxes.doctor.remedies import (
    APPLY_AND_RESTART_BOTH,
    REPAIR_BEFORE,
    Remedy,
    end,
    restart,
    restart_command,
)
from mailboxes.doctor.words import last_line, quoted
from mailboxes.texts import gettext as _

AUTH = "/var/spool/postfix/private/auth"
LMTP = "/var/spool/postfix/private/mailadmin-lmtp"
QUOTA = "/var/spool/postfix/private/quota-status"
UNIT = ("--unit=dovecot",)
"""What Dovecot and systemd have said of it, and nobody else."""

PROGRAMS = ("dovecot", "auth")
OURS = "mailadmin"
"""What the names of our files contain."""

LINE = re.compile(r"in configuration file (/\S+?):? line (\d+)")
OK, TEMP_FAIL = "OK", "FAIL code=temp_fail"


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_here("dovecot")
        return
    found: list[Finding] = []
    if examination.access.sees_all:
        examination.dovecot_changes, found = dovecot_settings.examine()
    mistake = configuration_mistake(examination)
    if mistake:
        yield mistake
    yield from found
    if not list(command_lines("dovecot")):
        if not are_visible():
            yield unseen("dovecot.stopped")
            return
        log_lines = words.log(examination, UNIT, words.LATELY)
        # doveconf(1) accepts some values with which Dovecot doesn't start.
        remedy = restart_both(_("Start it:"))
        if mistake:
            remedy = mistake.remedy
        elif examination.dovecot_changes.undone or has_failed(examination):
            remedy = last_resort(examination)
        yield broken("dovecot.stopped", _("Dovecot isn't running."), remedy, log_lines)
        return
    if not examination.access.is_root:
        yield not_checked("dovecot.auth", _("Only root and Postfix can use Dovecot's sockets."))
        return
    finding = check_auth(examination)
    yield finding
    if finding.code == "dovecot.socket":
        return
    if examination.access.sees_all:
        yield from check_sockets(examination)
    yield check_lmtp(examination, finding.code)


def has_failed(examination: Examination) -> bool:
    """Say whether it isn't just stopped, but has failed to start, and a setting may be why."""
    changes = examination.dovecot_changes
    is_failed = ["systemctl", "is-failed", "--quiet", "dovecot"]
    return bool(changes.added) and examination.access.run(is_failed).status == 0


def restart_both(advice: str) -> Remedy:
    """Postfix, too: an smtpd that has lost Dovecot stays without it, and a reload doesn't help."""
    return restart(advice, "dovecot", "postfix")


def last_resort(examination: Examination) -> Remedy:
    return dovecot_settings.remedy(examination.dovecot_changes)


def log(examination: Examination) -> str:
    return words.log(examination, words.MAIL)


def configuration_mistake(examination: Examination) -> Finding | None:
    """Let Dovecot read its configuration; others than root can't read all of it."""
    if not examination.access.sees_all:
        return None
    done = examination.access.run(["doveconf", "-n"])
    if not done.status:
        return None
    reason = last_line(done.stderr)
    seen = _("Dovecot's configuration has a mistake: %(reason)s") % {"reason": reason}
    remedy = APPLY_AND_RESTART_BOTH
    if OURS not in reason:
        remedy = correct(examination, reason)
    return broken("dovecot.configuration", seen, remedy)


def correct(examination: Examination, reason: str) -> Remedy:
    """Comment out the line that the message names, or what undoes the panel's settings."""
    if found := LINE.search(reason):
        advice = _("Correct this line, or comment it out, then restart both:")
        restarted = restart_command("dovecot", "postfix")
        return Remedy(advice, f"sed -i '{found[2]}s/^/#/' {quote(found[1])} && {restarted}")
    if examination.dovecot_changes.undone:
        return last_resort(examination)
    return restart_both(_("Correct the file that it names, then restart both:"))


def check_auth(examination: Examination) -> Finding:
    """Sign in as Postfix does: as nobody and, if possible, with the right and a wrong password."""
    logins = [(UNKNOWN, examination.wrong)]
    if examination.login:
        logins += [examination.login, (examination.login.address, examination.wrong)]
    try:
        unknown, *known = dovecot_auth.authenticate(AUTH, logins, 2 * SECONDS)
        # A worker that has just found its database again fails once more.
        if known and known[0] == TEMP_FAIL and unknown != TEMP_FAIL:
            known[0] = dovecot_auth.authenticate(AUTH, logins[1:2], 2 * SECONDS)[0]
    except OSError as error:
        return silent(examination, error)
    if known:
        return known_finding(examination, known[0], known[1], unknown)
    if unknown == TEMP_FAIL:
        return database_finding(examination)
    return not_checked("dovecot.auth", examination.why_nobody)


def silent(examination: Examination, error: OSError) -> Finding:
    """Say why the socket gives no answer: it isn't there, or Dovecot hangs."""
    params = {"path": AUTH, "reason": quoted(error.strerror or error)}
    if isinstance(error, TimeoutError) and "database" in examination.broken:
        seen = _("Dovecot gave no answer in time, since it waits for the database.")
        return broken("dovecot.database", seen, REPAIR_BEFORE, log(examination))
    if isinstance(error, TimeoutError):
        seen = _("Dovecot accepts connections on %(path)s, but gave no answer in time: it hangs.")
        remedy = end(_("Kill its processes, then start it again:"), "dovecot")
        remedy = remedy._replace(command=f"{remedy.command} postfix")
        changes = examination.dovecot_changes
        if (changes.undone or changes.added) and not any(map(is_suspended, PROGRAMS)):
            remedy = last_resort(examination)
        return broken("dovecot.socket", seen % params, remedy, log(examination))
    seen = _("Dovecot runs, but its socket for sign-ins (%(path)s) can't be used: %(reason)s.")
    return broken("dovecot.socket", seen % params, last_resort(examination), log(examination))


def known_finding(examination: Examination, right: str, wrong: str, unknown: str) -> Finding:
    """Say what the answers mean. Temporary failures for everybody come from the database."""
    if wrong == OK:
        seen = _("Dovecot accepts a wrong password.")
        return broken("dovecot.open", seen, last_resort(examination))
    if right == OK:
        seen = _("Dovecot accepts the right password and refuses a wrong one.")
        return working("dovecot.auth", seen)
    if unknown == TEMP_FAIL:
        return database_finding(examination)
    if right == TEMP_FAIL:
        seen = _("Dovecot finds the mailbox, but doesn't support the scheme of its password.")
        return broken("dovecot.scheme", seen, last_resort(examination), log(examination))
    seen = _(
        "Dovecot refuses the right password: it reads another table, or expects a scheme other "
        "than %(scheme)s."
    )
    params = {"scheme": examination.host.scheme.name}
    return broken("dovecot.auth", seen % params, last_resort(examination), log(examination))


def database_finding(examination: Examination) -> Finding:
    """If the settings work and the files don't, the files are others than the settings' ones."""
    code = "dovecot.database"
    if "database" in examination.broken:
        seen = _("Dovecot can't query the database, so nobody can sign in.")
        return broken(code, seen, REPAIR_BEFORE, log(examination))
    seen = _(
        "Dovecot can't query the database, so nobody can sign in. The account in .env works, so "
        "Dovecot's files probably contain something else."
    )
    return broken(code, seen, last_resort(examination), log(examination))


def check_sockets(examination: Examination) -> Iterator[Finding]:
    """Let the user postfix connect to each socket that Postfix uses."""
    for path in (AUTH, LMTP, QUOTA):
        if reason := paths.refuses_postfix(examination, path):
            seen = _("Postfix can't connect to Dovecot's socket %(path)s: %(reason)s.")
            params = {"path": path, "reason": reason.rstrip(".")}
            yield broken("dovecot.permission", seen % params, last_resort(examination))


def check_lmtp(examination: Examination, auth: str) -> Finding:
    """Offer a message for the address where Postfix delivers mail, and take it back."""
    if examination.login is None:
        return not_checked("dovecot.lmtp", examination.why_nobody)
    if auth == "dovecot.database":
        reason = _("A delivery wasn't tried, since it would wait for the database.")
        return not_checked("dovecot.lmtp", reason)
    try:
        with smtplib.LMTP(LMTP, local_hostname=own_name(), timeout=SECONDS) as lmtp:
            lmtp.ehlo_or_helo_if_needed()
            lmtp.mail("")
            status, text = lmtp.rcpt(examination.login.address)
    except (OSError, smtplib.SMTPException) as error:
        seen = _("Dovecot's socket for deliveries (%(path)s) gives no answer: %(reason)s.")
        reason = quoted(getattr(error, "strerror", None) or error)
        params = {"path": LMTP, "reason": reason}
        return broken("dovecot.lmtp", seen % params, last_resort(examination), log(examination))
    if status == 250:
        return working("dovecot.lmtp", _("Dovecot accepts mail for the address."))
    seen = _("Dovecot doesn't accept mail for the address: %(reply)s")
    params = {"reply": words.reply(status, text)}
    return broken("dovecot.lmtp", seen % params, last_resort(examination), log(examination))
