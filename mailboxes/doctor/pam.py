"""V1: PAM and pam_mysql, asked as saslauthd asks them."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mailboxes.doctor import words
from mailboxes.doctor.access import TIMED_OUT, Output
from mailboxes.doctor.elsewhere import not_here
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.mysql_errors import UNREACHABLE
from mailboxes.doctor.protocols import pam_child
from mailboxes.doctor.remedies import APPLY, REPAIR_BEFORE, Remedy
from mailboxes.texts import gettext as _

SERVICE_FILE = Path("/etc/pam.d/smtp")
MODULES = ("lib/*/security/pam_mysql.so", "usr/lib/*/security/pam_mysql.so")
SUCCESS, SYSTEM_ERR, AUTH_ERR, UNAVAILABLE, USER_UNKNOWN, MODULE_UNKNOWN = 0, 3, 7, 9, 10, 28
"""What PAM returns, as of security/_pam_types.h."""

Codes = tuple[int, int]
"""Of authentication and of the account."""


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_here("pam")
        return
    if not SERVICE_FILE.exists():
        yield missing_file()
        return
    if not [path for pattern in MODULES for path in Path("/").glob(pattern)]:
        seen = _("The module pam_mysql.so is missing, so PAM can't query the database.")
        install = Remedy(_("Install it again:"), "apt-get install --reinstall libpam-mysql")
        yield broken("pam.module", seen, install)
        return
    if not examination.access.sees_all:
        yield not_checked("pam", _("Only root can test PAM: /etc/pam.d/smtp contains a password."))
        return
    yield from explain(examination, ask(examination))


def missing_file() -> Finding:
    seen = _(
        "%(path)s is missing, so PAM checks the host's own users (service “other”) instead of the "
        "mailboxes."
    )
    return broken("pam.file", seen % {"path": SERVICE_FILE}, APPLY)


def ask(examination: Examination) -> list[Output]:
    """Sign in as nobody and, if there is an address, with its password and with a wrong one.

    At the same time: other modules than pam_mysql delay each refusal by two seconds.
    """
    logins = [(UNKNOWN, examination.wrong)]
    if examination.login:
        address, password = examination.login
        logins += [(address, password), (address, examination.wrong)]
    command = [sys.executable, "-I", pam_child.__file__]
    questions = [json.dumps(["smtp", *login]) + "\n" for login in logins]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda question: examination.access.run(command, question), questions))


def explain(examination: Examination, outputs: list[Output]) -> Iterator[Finding]:
    failed = [output.status for output in outputs if output.status]
    if TIMED_OUT in failed:
        seen = _("PAM gave no answer in time.")
        yield broken("pam.timeout", seen, database_remedy(examination), log(examination))
        return
    if failed:
        seen = _("pam_mysql crashed the process that called it (status %(status)s).")
        yield broken("pam.crash", seen % {"status": failed[0]}, APPLY, log(examination))
        return
    unknown, *known = (tuple(json.loads(output.stdout)) for output in outputs)
    if known:
        yield known_finding(examination, known[0], known[1], unknown)
    elif unknown[0] == USER_UNKNOWN:
        yield working("pam", _("PAM queries the database, and refuses a made-up address."))
    else:
        yield unknown_finding(examination, unknown)


def known_finding(examination: Examination, right: Codes, wrong: Codes, unknown: Codes) -> Finding:
    """Say how the right password, a wrong one and a made-up address fared."""
    if wrong[0] == SUCCESS:
        return broken("pam.open", _("PAM accepts a wrong password."), APPLY)
    if right == (SUCCESS, SUCCESS):
        return working("pam", _("PAM accepts the right password and refuses a wrong one."))
    if right[0] == SUCCESS:
        seen = _(
            "PAM accepts the password, but then refuses the account: /etc/pam.d/smtp has no "
            "account line that works."
        )
        if line := other_module("account"):
            seen = _(
                "PAM accepts the password, but then refuses the account, since /etc/pam.d/smtp "
                "asks another module as well: %(line)s"
            )
            seen %= {"line": line}
        return broken("pam.account", seen, APPLY, log(examination))
    if unknown[0] != USER_UNKNOWN:
        return unknown_finding(examination, unknown)
    if right[0] == USER_UNKNOWN and (line := other_module("auth")):
        seen = _(
            "PAM doesn't know a mailbox that is in the table, since /etc/pam.d/smtp asks another "
            "module as well: %(line)s"
        )
        return broken("pam.user", seen % {"line": line}, APPLY)
    if right[0] == USER_UNKNOWN:
        seen = _(
            "pam_mysql doesn't find a mailbox that is in the table: /etc/pam.d/smtp names another "
            "table, column or condition, or another database."
        )
        return broken("pam.user", seen, APPLY)
    seen = _(
        "pam_mysql finds the mailbox, but refuses the right password: crypt= in /etc/pam.d/smtp "
        "isn't the scheme %(scheme)s of the stored passwords."
    )
    params = {"scheme": examination.host.scheme.name}
    return broken("pam.scheme", seen % params, APPLY, log(examination))


def other_module(kind: str) -> str:
    """Return the first line of this kind that isn't about pam_mysql, if there is one."""
    for line in map(str.strip, SERVICE_FILE.read_text(errors="replace").splitlines()):
        if line.lstrip("-").startswith((kind, "@include")) and "pam_mysql" not in line:
            return words.quoted(line)
    return ""


def unknown_finding(examination: Examination, unknown: Codes) -> Finding:
    """Say why PAM doesn't call a made-up address unknown, as pam_mysql would."""
    remedy = database_remedy(examination)
    if unknown[0] == SUCCESS:
        return broken("pam.open", _("PAM accepts an address that doesn't exist."), APPLY)
    if unknown[0] == UNAVAILABLE:
        seen = _(
            "pam_mysql can't sign in to the database with the settings in /etc/pam.d/smtp and "
            "/etc/mailadmin-pam-mysql.conf."
        )
        return broken("pam.database", seen, remedy, log(examination))
    if unknown[0] == SYSTEM_ERR:
        seen = _("pam_mysql reaches the database, but its query fails.")
        return broken("pam.query", seen, remedy, log(examination))
    if unknown[0] == MODULE_UNKNOWN:
        seen = _("PAM can't load a module that /etc/pam.d/smtp names.")
        return broken("pam.module", seen, APPLY, log(examination))
    if unknown[0] == AUTH_ERR:
        seen = _(
            "PAM refuses a made-up address like a wrong password, so it doesn't use pam_mysql: "
            "/etc/pam.d/smtp is missing or has other contents."
        )
        return broken("pam.service", seen, APPLY, log(examination))
    seen = _("PAM fails with the error %(code)s.") % {"code": unknown[0]}
    return broken("pam.other", seen, APPLY, log(examination))


def database_remedy(examination: Examination) -> Remedy:
    """If the settings work and the files don't, the files are others than the settings' ones."""
    is_known = "database" in examination.broken or UNREACHABLE in examination.named
    return REPAIR_BEFORE if is_known else APPLY


def log(examination: Examination) -> str:
    return words.log(examination, words.SIGN_INS)
