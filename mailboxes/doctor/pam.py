"""V1: PAM and pam_mysql, asked as saslauthd asks them."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from mailboxes.doctor.access import TIMED_OUT, Output
from mailboxes.doctor.examination import UNKNOWN, Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.protocols import pam_child
from mailboxes.doctor.remedies import APPLY, START_DATABASE, Remedy

SERVICE_FILE = Path("/etc/pam.d/smtp")
MODULES = ("lib/*/security/pam_mysql.so", "usr/lib/*/security/pam_mysql.so")
SUCCESS, SYSTEM_ERR, AUTH_ERR, UNAVAILABLE, USER_UNKNOWN, MODULE_UNKNOWN = 0, 3, 7, 9, 10, 28
"""What PAM returns, as of security/_pam_types.h."""


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_checked("pam", _("It isn't on this machine."))
        return
    if not SERVICE_FILE.exists():
        seen = _("%(path)s is missing, so PAM uses the service “other” and checks /etc/shadow.")
        yield broken("pam.file", seen % {"path": SERVICE_FILE}, APPLY)
    if not [path for pattern in MODULES for path in Path("/").glob(pattern)]:
        seen = _("The module pam_mysql.so is missing.")
        install = Remedy(_("Install it:"), "apt-get install libpam-mysql")
        yield broken("pam.module", seen, install)
        return
    if not examination.access.sees_all:
        yield not_checked("pam", _("Only root can ask PAM: /etc/pam.d/smtp contains a password."))
        return
    if not examination.login:
        yield not_checked("pam", _("There is no address to sign in with."))
        return
    yield from explain(ask(examination, *examination.login))


def ask(examination: Examination, address: str, password: str) -> Output:
    """Sign in with the right password, with a wrong one, and as nobody."""
    logins = [(address, password), (address, examination.wrong), (UNKNOWN, examination.wrong)]
    question = json.dumps(["smtp", logins]) + "\n"
    return examination.access.run([sys.executable, "-I", pam_child.__file__], input=question)


def explain(output: Output) -> Iterator[Finding]:
    if output.status == TIMED_OUT:
        yield broken("pam.timeout", _("PAM gave no answer in time."), START_DATABASE)
        return
    if output.status:
        yield broken(
            "pam.crash",
            _("pam_mysql ended the process that asked it (status %(status)s).")
            % {"status": output.status},
            APPLY,
        )
        return
    right, wrong, unknown = (tuple(codes) for codes in json.loads(output.stdout))
    yield from explain_codes(right, wrong, unknown)


def explain_codes(
    right: tuple[int, ...], wrong: tuple[int, ...], unknown: tuple[int, ...]
) -> Iterator[Finding]:
    """Say what the codes of authentication and of the account mean."""
    if wrong[0] == SUCCESS:
        yield broken("pam.open", _("PAM accepts a wrong password."), APPLY)
    elif right == (SUCCESS, SUCCESS):
        yield working("pam", _("PAM accepts the right password and refuses a wrong one."))
    elif right[0] == UNAVAILABLE:
        seen = _("pam_mysql can't sign in to the database, or can't read its configuration.")
        yield broken("pam.database", seen, APPLY)
    elif right[0] == SYSTEM_ERR:
        seen = _("pam_mysql can't read the table of mailboxes.")
        yield broken("pam.query", seen, APPLY)
    elif right[0] == MODULE_UNKNOWN:
        seen = _("PAM can't load a module that /etc/pam.d/smtp names.")
        yield broken("pam.module", seen, APPLY)
    elif right[0] == SUCCESS:
        seen = _(
            "PAM accepts the password, but not the account: /etc/pam.d/smtp has no account line."
        )
        yield broken("pam.account", seen, APPLY)
    elif right[0] == USER_UNKNOWN:
        seen = _("pam_mysql doesn't find a mailbox that is in the table.")
        yield broken("pam.user", seen, APPLY)
    elif unknown[0] == AUTH_ERR:
        seen = _("PAM refuses everybody alike, so it doesn't ask pam_mysql.")
        yield broken("pam.service", seen, APPLY)
    else:
        seen = _("PAM refuses the right password: crypt= in /etc/pam.d/smtp is another scheme.")
        yield broken("pam.scheme", seen, APPLY)
