"""What a timer reports of the doctor: a change from working to broken, and back.

It is remembered in a file, since the database may be what is broken.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from smtplib import SMTPException

from django.core.mail import mail_admins

from mailboxes.deployment.states import State
from mailboxes.doctor.finding import HopResult
from mailboxes.doctor.report import as_lines

FOLDER = "/var/lib/mailadmin-doctor"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """The last change, and whether it still has to be mailed."""

    is_broken: bool = False
    to_mail: bool = False


def report_change(machine: str, verdict: State, results: Sequence[HopResult]) -> None:
    """Log and mail that the mail host is broken, or works again: once for each change.

    What can't be mailed is mailed later.
    """
    if verdict == State.NOT_CHECKED:
        return
    file = Path(os.environ.get("STATE_DIRECTORY") or FOLDER, "last-change.json")
    change, is_broken = read(file), verdict == State.BROKEN
    subject = describe(machine, results)
    if change.is_broken != is_broken:
        change = Change(is_broken, to_mail=True)
        logger.log(logging.ERROR if is_broken else logging.INFO, "%s", subject)
    if change.to_mail:
        change = replace(change, to_mail=not mail(subject, message(machine, results)))
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(file, change)


def read(file: Path) -> Change:
    try:
        return Change(**json.loads(file.read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):
        return Change()


def write(file: Path, change: Change) -> None:
    """Write it as a whole: half of it would be taken for none, and a change mailed once more."""
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(change)), encoding="ascii")
    partial.replace(file)


def describe(machine: str, results: Sequence[HopResult]) -> str:
    broken = [str(result.hop.title) for result in results if result.state == State.BROKEN]
    return f"{machine}: broken: {', '.join(broken)}" if broken else f"{machine}: working again"


def message(machine: str, results: Sequence[HopResult]) -> str:
    """Return what was found at the hops that need attention, and how to examine again."""
    worth_saying = (State.BROKEN, State.WARNING)
    found = ["\n".join(as_lines(result)) for result in results if result.state in worth_saying] or [
        "Everything that could be checked works."
    ]
    again = (
        f"Run commands as root on {machine}, in the panel's folder. This examines it again:\n"
        "  .venv/bin/python manage.py doctor"
    )
    return "\n\n".join([f"The doctor has examined {machine}.", *found, again, ""])


def mail(subject: str, text: str) -> bool:
    """Send it to ADMINS, if there are any; say whether it needn't be tried again."""
    try:
        mail_admins(subject, text)
    except (OSError, SMTPException) as error:
        logger.error("“%s” could not be mailed to ADMINS: %s", subject, error)
        return False
    return True
