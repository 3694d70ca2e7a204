"""V1: saslauthd, which checks passwords through PAM for Postfix."""

import grp
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from mailboxes.doctor import sockets
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.processes import command_lines
from mailboxes.doctor.protocols.saslauthd import ask
from mailboxes.doctor.remedies import APPLY, Remedy, restart

FOLDER = "/var/spool/postfix/var/run/saslauthd"
SOCKET = f"{FOLDER}/mux"
SMTPD_CONF = Path("/etc/postfix/sasl/smtpd.conf")


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_checked("saslauthd", _("It isn't on this machine."))
        return
    running = list(command_lines("saslauthd"))
    if not running:
        seen = _("saslauthd isn't running.")
        yield broken("saslauthd.stopped", seen, restart(_("Start it:"), "saslauthd"))
    else:
        yield from check_options(running[0])
    yield from check_files()
    if running:
        yield from check_socket(examination)


def check_options(words: list[str]) -> Iterator[Finding]:
    """Compare how it was started with what the configuration needs."""
    options = " ".join(words[1:])
    letters = {word[1] for word in words[1:] if word.startswith("-") and len(word) > 1}
    if "r" not in letters:
        seen = _("saslauthd runs without -r, so it asks PAM for “user” instead of “user@domain”.")
        yield broken("saslauthd.realm", seen, APPLY)
    if "c" in letters:
        seen = _(
            "saslauthd runs with -c: for hours, it accepts old passwords and disabled mailboxes."
        )
        yield broken("saslauthd.cache", seen, APPLY)
    if "-a pam" not in options and "-apam" not in options:
        seen = _("saslauthd doesn't ask PAM; it runs as: saslauthd %(options)s")
        yield broken("saslauthd.mechanism", seen % {"options": options}, APPLY)
    if FOLDER not in options:
        seen = _("saslauthd's socket isn't in %(folder)s, where Postfix looks for it.")
        yield broken("saslauthd.folder", seen % {"folder": FOLDER}, APPLY)


def check_files() -> Iterator[Finding]:
    """Check what decides whether Postfix asks saslauthd at all."""
    if "postfix" not in grp.getgrnam("sasl").gr_mem:
        seen = _("The user postfix isn't in the group sasl, so it can't use saslauthd's socket.")
        command = "adduser postfix sasl && systemctl restart postfix"
        remedy = Remedy(_("Add it, then restart Postfix:"), command)
        yield broken("saslauthd.group", seen, remedy)
    try:
        text = SMTPD_CONF.read_text(errors="replace")
    except OSError as error:
        seen = _("%(path)s can't be read (%(reason)s), so Postfix doesn't ask saslauthd.")
        params = {"path": SMTPD_CONF, "reason": error.strerror}
        yield broken("saslauthd.smtpd_conf", seen % params, APPLY)
        return
    if "saslauthd" not in text:
        seen = _(
            "%(path)s doesn't say “pwcheck_method: saslauthd”, so Postfix asks something else."
        )
        yield broken("saslauthd.smtpd_conf", seen % {"path": SMTPD_CONF}, APPLY)


def check_socket(examination: Examination) -> Iterator[Finding]:
    """Sign in over the socket, and let the user postfix connect to it."""
    if examination.login is None:
        yield not_checked("saslauthd.answer", _("There is no address to sign in with."))
        return
    user, _at, realm = examination.login.address.rpartition("@")
    try:
        right = ask(SOCKET, user, realm, examination.login.password)
        wrong = ask(SOCKET, user, realm, examination.wrong)
    except PermissionError:
        yield not_checked("saslauthd.answer", _("Only root and the group sasl can use its socket."))
        return
    except TimeoutError:
        seen = _("saslauthd gave no answer in time.")
        yield broken("saslauthd.timeout", seen, restart(_("Restart it:"), "saslauthd"))
        return
    except OSError as error:
        seen = _("saslauthd's socket can't be used: %(reason)s.") % {"reason": error.strerror}
        yield broken("saslauthd.socket", seen, restart(_("Restart it:"), "saslauthd"))
        return
    yield answer_finding(right, wrong, examination)
    if examination.access.sees_all and (reason := sockets.refuses_postfix(examination, SOCKET)):
        seen = _("Postfix can't connect to saslauthd's socket: %(reason)s") % {"reason": reason}
        command = f"chown root:sasl {FOLDER} && chmod 0710 {FOLDER} && systemctl restart postfix"
        remedy = Remedy(_("Give the group sasl access:"), command)
        yield broken("saslauthd.permission", seen, remedy)


def answer_finding(right: str, wrong: str, examination: Examination) -> Finding:
    if wrong.startswith("OK"):
        return broken("saslauthd.open", _("saslauthd accepts a wrong password."), APPLY)
    if right.startswith("OK"):
        return working(
            "saslauthd.answer", _("saslauthd accepts the right password and refuses a wrong one.")
        )
    if "pam" in examination.broken:
        return warning("saslauthd.answer", _("saslauthd refuses the right password, as PAM does."))
    if not right:
        seen = _("saslauthd ended while it was asked.")
        return broken("saslauthd.crash", seen, restart(_("Restart it:"), "saslauthd"))
    seen = _("saslauthd refuses the right password: %(answer)s") % {"answer": right}
    return broken("saslauthd.answer", seen, APPLY)
