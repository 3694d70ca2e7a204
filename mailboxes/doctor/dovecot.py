"""V2: Dovecot, which checks passwords for Postfix, stores the mail, and serves it."""

import re
import smtplib
from collections.abc import Iterator
from dataclasses import replace

from mailboxes.doctor import dovecot_causes, dovecot_resort, dovecot_settings, paths, words
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
PROGRAMS = ("dovecot", "auth")
SETTING = re.compile(r"in configuration file:? /\S+?: (\w+)")
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
        yield stopped(examination, mistake)
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


def stopped(examination: Examination, mistake: Finding | None) -> Finding:
    """Say why it isn't running, as far as its last start says so."""
    seen = _("Dovecot isn't running.")
    if mistake:
        log = dovecot_causes.shown(dovecot_causes.lines(examination))
        return broken("dovecot.stopped", seen, mistake.remedy, log)
    # doveconf(1) accepts some values with which Dovecot doesn't start.
    if examination.access.sees_all and has_failed_to_start(examination):
        return dovecot_causes.explain(examination, "dovecot.stopped", seen)
    is_undone = examination.dovecot_changes.undone
    remedy = last_resort(examination) if is_undone else restart_both(_("Start it:"))
    return broken("dovecot.stopped", seen, remedy)


def has_failed_to_start(examination: Examination) -> bool:
    """Say whether it isn't just stopped; `systemctl reset-failed` may have hidden that."""
    if examination.access.run(["systemctl", "is-failed", "--quiet", "dovecot"]).status == 0:
        return True
    return any("Fatal: " in line for line in dovecot_causes.lines(examination))


def restart_both(advice: str) -> Remedy:
    """Postfix, too: an smtpd that has lost Dovecot stays without it, and a reload doesn't help."""
    return restart(advice, "dovecot", "postfix")


def last_resort(examination: Examination) -> Remedy:
    return dovecot_resort.remedy(examination)


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
    cause = dovecot_causes.find(examination, [reason])
    remedy = cause.remedy if cause else correct(examination, reason)
    return broken("dovecot.configuration", seen, remedy)


def correct(examination: Examination, reason: str) -> Remedy:
    """Comment out the setting that the message names, or what undoes the panel's settings."""
    if dovecot_causes.OURS in reason:
        return APPLY_AND_RESTART_BOTH
    named = SETTING.search(reason)
    if named and (settings := dovecot_settings.naming(named[1])):
        advice = _("Correct this setting, or comment it out, then restart Dovecot and Postfix:")
        restarted = restart_command("dovecot", "postfix")
        return Remedy(advice, f"{dovecot_settings.comment_out(settings)} && {restarted}")
    if examination.dovecot_changes.undone:
        return last_resort(examination)
    return restart_both(_("Correct the file that it names, then restart Dovecot and Postfix:"))


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
    if not isinstance(error, TimeoutError):
        seen = _("Dovecot runs, but its socket for sign-ins (%(path)s) can't be used: %(reason)s.")
        params = {"path": AUTH, "reason": quoted(error.strerror or error)}
        return dovecot_causes.explain(examination, "dovecot.socket", seen % params)
    if "database" in examination.broken:
        seen = _("Dovecot gave no answer in time, since it waits for the database.")
        return broken("dovecot.database", seen, REPAIR_BEFORE, log(examination))
    seen = _("Dovecot accepts connections on %(path)s, but gave no answer in time: it hangs.")
    remedy = end(_("Kill its processes, then start it again:"), "dovecot")
    remedy = remedy._replace(command=f"{remedy.command} postfix")
    if not examination.access.sees_all or any(map(is_suspended, PROGRAMS)):
        return broken("dovecot.socket", seen % {"path": AUTH}, remedy, log(examination))
    seen = _("Dovecot accepts connections on %(path)s, but gave no answer in time.")
    found = dovecot_causes.explain(examination, "dovecot.socket", seen % {"path": AUTH})
    is_unexplained = found.remedy == APPLY_AND_RESTART_BOTH and not found.detail
    return replace(found, remedy=remedy) if is_unexplained else found


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
        return dovecot_causes.explain(examination, "dovecot.scheme", seen)
    seen = _(
        "Dovecot refuses the right password: it reads another table, or expects a scheme other "
        "than %(scheme)s."
    )
    params = {"scheme": examination.host.scheme.name}
    return dovecot_causes.explain(examination, "dovecot.auth", seen % params)


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
    return dovecot_causes.explain(examination, code, seen)


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
        return dovecot_causes.explain(examination, "dovecot.lmtp", seen % params)
    if status == 250:
        return working("dovecot.lmtp", _("Dovecot accepts mail for the address."))
    seen = _("Dovecot doesn't accept mail for the address: %(reply)s")
    params = {"reply": words.reply(status, text)}
    return dovecot_causes.explain(examination, "dovecot.lmtp", seen % params)
