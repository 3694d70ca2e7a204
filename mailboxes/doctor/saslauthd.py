"""V1: saslauthd, which checks passwords through PAM for Postfix."""

import grp
import pwd
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from shlex import quote

from mailboxes.doctor import paths, queue_folders, words
from mailboxes.doctor.elsewhere import not_here, unseen
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.processes import are_visible, command_lines
from mailboxes.doctor.protocols.saslauthd import ask
from mailboxes.doctor.remedies import (
    APPLY,
    APPLY_AND_RESTART,
    REPAIR_BEFORE,
    Remedy,
    end,
    restart,
    restart_command,
)
from mailboxes.texts import gettext as _

FOLDER = "/var/spool/postfix/var/run/saslauthd"
SOCKET = f"{FOLDER}/mux"
SMTPD_CONF = Path("/etc/postfix/sasl/smtpd.conf")
DEFAULTS = Path("/etc/default/saslauthd")
GROUP = "sasl"


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_here("saslauthd")
        return
    if not exists(grp.getgrnam, GROUP):
        yield no_group()
        return
    running = list(command_lines("saslauthd"))
    if not running:
        yield stopped(examination) if are_visible() else unseen("saslauthd.stopped")
    else:
        ours = [command for command in running if uses_folder(command)]
        for command in sorted(set(map(tuple, ours or running))):
            yield from check_options(command)
    yield from check_files()
    if running or not are_visible():
        yield from check_socket(examination)


def exists(find: Callable[[str], object], name: str) -> bool:
    """Say whether there is a user or a group of this name."""
    try:
        find(name)
    except KeyError:
        return False
    return True


def no_group() -> Finding:
    seen = _("The group sasl doesn't exist, which may use saslauthd's socket.")
    if not queue_folders.names_files(queue_folders.NSSWITCH):
        return broken("saslauthd.group", seen, queue_folders.add_files())
    services = restart_command("saslauthd", "postfix")
    command = f"addgroup --system {GROUP} && adduser postfix {GROUP} && {services}"
    remedy = Remedy(_("Create it again, then restart saslauthd and Postfix:"), command)
    return broken("saslauthd.group", seen, remedy)


def stopped(examination: Examination) -> Finding:
    remedy = restart(_("Start it:"), "saslauthd")
    # Debian's init script starts nothing without it.
    if not DEFAULTS.exists() or "START=yes" not in DEFAULTS.read_text(errors="replace"):
        remedy = APPLY
    log = words.log(examination, words.SIGN_INS, words.LATELY)
    return broken("saslauthd.stopped", _("saslauthd isn't running."), remedy, log)


def uses_folder(command: Sequence[str]) -> bool:
    """Say whether its socket is in our folder; an administrator may run another one."""
    return any(word.removeprefix("-m").rstrip("/") == FOLDER for word in command)


def check_options(command: Sequence[str]) -> Iterator[Finding]:
    """Compare how it was started with what the configuration needs."""
    options = " ".join(command[1:])
    letters = {word[1] for word in command[1:] if word.startswith("-") and len(word) > 1}
    if "r" not in letters:
        seen = _("saslauthd runs without -r, so it asks PAM for “user” instead of “user@domain”.")
        yield broken("saslauthd.realm", seen, APPLY)
    if "c" in letters:
        seen = _(
            "saslauthd runs with -c: for hours, it accepts old passwords and disabled mailboxes."
        )
        yield broken("saslauthd.cache", seen, APPLY)
    if "-a pam" not in options and "-apam" not in options:
        seen = _("saslauthd doesn't use PAM; it runs as: saslauthd %(options)s")
        yield broken("saslauthd.mechanism", seen % {"options": words.quoted(options)}, APPLY)
    if not uses_folder(command):
        seen = _("saslauthd's socket isn't in %(folder)s, where Postfix looks for it.")
        yield broken("saslauthd.folder", seen % {"folder": FOLDER}, APPLY)


def is_member() -> bool:
    """Say whether the user postfix is in the group that may use the socket."""
    return "postfix" in grp.getgrnam("sasl").gr_mem


def check_files() -> Iterator[Finding]:
    """Check what decides whether Postfix asks saslauthd at all."""
    # The hop of the lookups says if there is no such user.
    if exists(pwd.getpwnam, "postfix") and not is_member():
        seen = _("The user postfix isn't in the group sasl, so it can't use saslauthd's socket.")
        command = "adduser postfix sasl && systemctl restart postfix"
        remedy = Remedy(_("Add it, then restart Postfix:"), command)
        yield broken("saslauthd.group", seen, remedy)
    try:
        text = SMTPD_CONF.read_text(errors="replace")
    except OSError as error:
        seen = _("%(path)s can't be read (%(reason)s), so Postfix doesn't use saslauthd.")
        params = {"path": SMTPD_CONF, "reason": error.strerror}
        yield broken("saslauthd.smtpd_conf", seen % params, APPLY_AND_RESTART)
        return
    if "saslauthd" not in text:
        seen = _("%(path)s lacks “pwcheck_method: saslauthd”, so Postfix doesn't use saslauthd.")
        yield broken("saslauthd.smtpd_conf", seen % {"path": SMTPD_CONF}, APPLY_AND_RESTART)


def check_socket(examination: Examination) -> Iterator[Finding]:
    """Sign in over the socket, and let the user postfix connect to it."""
    if "pam.timeout" in examination.named:
        yield silent(examination)  # it would wait for PAM, too
        return
    try:
        right, wrong = answers(examination)
    except PermissionError:
        yield not_checked(
            "saslauthd.answer", _("Only root and the group sasl can use saslauthd's socket.")
        )
        return
    except TimeoutError:
        yield silent(examination)
        return
    except OSError as error:
        seen = _("saslauthd runs, but its socket %(path)s can't be used: %(reason)s.")
        params = {"path": SOCKET, "reason": error.strerror or error}
        yield broken("saslauthd.socket", seen % params, APPLY)
        return
    yield answer_finding(right, wrong, examination)
    # Without the group, nothing else need be wrong.
    can_tell = examination.access.sees_all and is_member()
    if can_tell and (reason := paths.refuses_postfix(examination, SOCKET)):
        yield closed(examination, reason)


def answers(examination: Examination) -> tuple[str, str]:
    """Return the answer to the right password, if there is an address, and to a wrong one."""
    address, password = examination.login or (UNKNOWN, "")
    user, _at, realm = address.rpartition("@")
    right = ask(SOCKET, user, realm, password) if examination.login else ""
    return right, ask(SOCKET, user, realm, examination.wrong)


def silent(examination: Examination) -> Finding:
    """Say why there is no answer: saslauthd waits for PAM, or hangs itself."""
    if "pam" in examination.broken:
        seen = _("saslauthd can't answer in time, because PAM doesn't.")
        return broken("saslauthd.timeout", seen, REPAIR_BEFORE)
    seen = _("saslauthd accepts connections, but gave no answer in time: it hangs.")
    return broken(
        "saslauthd.timeout", seen, end(_("Kill its processes, then start it again:"), "saslauthd")
    )


def closed(examination: Examination, reason: str) -> Finding:
    """Name what keeps Postfix from the socket."""
    part = paths.closed(examination, "postfix", SOCKET)
    seen = _("Postfix can't connect to saslauthd's socket because of %(path)s: %(reason)s.")
    params = {"path": part or SOCKET, "reason": reason.rstrip(".")}
    advice = _("Open the folder to the group sasl, then restart both:")
    command = f"chown root:sasl {FOLDER} && chmod 0710 {FOLDER}"
    if part and not part.startswith(FOLDER):
        advice = _("Let all users of this machine pass through this folder, then restart both:")
        command = f"chmod a+x {quote(part)}"
    command = f"{command} && {restart_command('saslauthd', 'postfix')}"
    return broken("saslauthd.permission", seen % params, Remedy(advice, command))


def answer_finding(right: str, wrong: str, examination: Examination) -> Finding:
    code = "saslauthd.answer"
    if wrong.startswith("OK"):
        return broken("saslauthd.open", _("saslauthd accepts a wrong password."), APPLY)
    if right.startswith("OK"):
        return working(code, _("saslauthd accepts the right password and refuses a wrong one."))
    if not examination.login:
        return not_checked(code, examination.why_nobody)
    if "pam" in examination.broken:
        return warning(code, _("saslauthd refuses the right password, as PAM does."))
    log = words.log(examination, words.SIGN_INS)
    if not right:
        seen = _("saslauthd ended the connection without an answer: its worker has died.")
        return broken("saslauthd.crash", seen, restart(_("Restart it:"), "saslauthd"), log)
    seen = _("PAM accepts the right password, but saslauthd refuses it: %(answer)s")
    return broken(code, seen % {"answer": words.quoted(right)}, APPLY, log)
