"""manage.py doctor"""

import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from mailboxes import actions, texts
from mailboxes.addresses import normalize_address
from mailboxes.conf import mail_host
from mailboxes.deployment.models import LastExamination
from mailboxes.deployment.states import State
from mailboxes.doctor import chain
from mailboxes.doctor.access import find_access
from mailboxes.doctor.database import OWN_DATABASE
from mailboxes.doctor.examination import Login
from mailboxes.doctor.finding import HopResult, overall
from mailboxes.doctor.logs import read_log, tail
from mailboxes.doctor.report import as_lines, as_values
from mailboxes.formats import database_message
from mailboxes.management.base import MailCommand
from mailboxes.management.privileges import CHANGEABLE, changeable
from mailboxes.management.processes import run
from mailboxes.management.watching import report_change

logger = logging.getLogger(__name__)
NOT_EXAMINED = 2
STATUS = {State.WORKING: 0, State.WARNING: 0, State.BROKEN: 1, State.NOT_CHECKED: NOT_EXAMINED}
ENDINGS = {
    State.BROKEN: "Something is broken. Begin with the first finding that is broken, and run "
    "commands as root in this folder.",
    State.NOT_CHECKED: "Nothing, or too little, could be checked.",
}


class Command(MailCommand):
    help = (
        "Examine the mail host hop by hop, from the database to the ports, and show what is broken "
        "and what to do. Run it as root on the mail host. The exit status is 0 if everything "
        "works, 1 if something is broken, and 2 if nothing could be examined."
    )

    refusal_status = NOT_EXAMINED

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "address",
            metavar="ADDRESS",
            nargs="?",
            help="also explain this address: its mailbox, domain, password scheme, alias and quota",
        )
        parser.add_argument(
            "--ask-password",
            action="store_true",
            help="ask for the password of ADDRESS, and sign in with it at each hop",
        )
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")
        parser.add_argument(
            "--watch",
            action="store_true",
            help="for a timer, such as deploy/mailadmin-doctor.timer: only print what needs "
            "attention, and log and mail (to ADMINS) a change from working to broken and back",
        )
        parser.add_argument(
            "--domain",
            metavar="DOMAIN",
            help="the domain of the temporary mailbox that signs in during the examination; by "
            "default, the first active domain",
        )

        parser.add_argument(
            "--log",
            metavar="FILE",
            help="only explain the lines of this log, such as /var/log/mail.log; - reads standard "
            "input, for example from journalctl",
        )

    def execute(self, *args: object, **options: Any) -> str | None:
        """End with the status of what couldn't be examined if something is wrong with the doctor.

        Python's own, 1, would say that the mail host is broken.
        """
        try:
            return super().execute(*args, **options)
        except CommandError:
            raise
        except Exception as error:
            logger.exception("The doctor failed.")
            message = (
                f"The doctor failed because of an error in the panel ({type(error).__name__})."
            )
            raise CommandError(message, returncode=NOT_EXAMINED) from error

    def handle(self, *args: object, **options: Any) -> None:
        if options["log"] is not None:
            self.explain_log(options["log"], options["json"])
            return
        if os.geteuid() == 0 and (path := changeable(Path(settings.BASE_DIR))):
            self.stderr.write(CHANGEABLE % {"path": path})
        host, results, asked = mail_host(), [], read_asked(options)
        access = find_access(host, run)
        with ended_by_sigterm():
            domain = options["domain"] or ""
            for result in chain.examine(self.actor, host, access, domain, asked):
                results.append(result)
                is_worth_printing = result.state != State.WORKING or not options["watch"]
                if is_worth_printing and not options["json"]:
                    self.stdout.write("\n".join(as_lines(result)))
        verdict = overall(results)
        if options["json"]:
            self.write_json(verdict, results)
        if (access.sees_all and not asked) or options["watch"]:
            self.keep(verdict, results, access.sees_all, options["watch"])
        check_itself(results)
        self.end(verdict)

    def explain_log(self, name: str, as_json: bool) -> None:
        try:
            with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
                result = read_log(tail(file), mail_host())
        except (OSError, ValueError) as error:
            reason = (
                error.strerror if isinstance(error, OSError) else "this isn't a valid file name"
            )
            message = f"The log can't be read: {reason}."
            raise CommandError(message, returncode=NOT_EXAMINED) from error
        if as_json:
            self.write_json(result.state, [result])
        else:
            self.stdout.write("\n".join(as_lines(result)))
        self.end(result.state)

    def write_json(self, verdict: State, results: list[HopResult]) -> None:
        report = {"verdict": verdict, "hops": as_values(results)}
        self.stdout.write(json.dumps(report, indent=2, ensure_ascii=False))

    def end(self, verdict: State) -> None:
        if STATUS[verdict]:
            raise CommandError(ENDINGS[verdict], returncode=STATUS[verdict])

    def keep(self, verdict: State, results: list[HopResult], as_root: bool, by_timer: bool) -> None:
        """Store the result for the panel's pages; report a change if a timer runs this."""
        found = LastExamination(
            machine=socket.gethostname(),
            as_root=as_root,
            verdict=verdict,
            hops=as_values(results, texts.source),
        )
        try:
            if not is_broken(results, OWN_DATABASE):  # it would only be waited for once more
                actions.remember_examination(self.actor, found, by_timer)
        except (DatabaseError, InterfaceError) as error:
            reason = database_message(error)
            self.stderr.write(f"The result can't be stored for the panel's pages: {reason}.")
        if by_timer:
            report_change(found.machine, verdict, results)


def check_itself(results: Iterable[HopResult]) -> None:
    """Raise CommandError if the doctor failed at a hop; what it found at others is known."""
    found = (finding for result in results for finding in result.findings)
    if any(finding.code.endswith(chain.FAILED) for finding in found):
        message = "The doctor failed because of an error in the panel; see above."
        raise CommandError(message, returncode=NOT_EXAMINED)


def read_asked(options: dict[str, Any]) -> Login | None:
    """Return the address that is asked for, with its password if that is asked for, too."""
    address, asks = options["address"], options["ask_password"]
    if not address:
        if asks:
            raise CommandError("--ask-password requires an ADDRESS.", returncode=NOT_EXAMINED)
        return None
    if options["watch"]:
        reason = "--watch examines the whole mail host, so it takes no ADDRESS."
        raise CommandError(reason, returncode=NOT_EXAMINED)
    if "@" not in address:
        reason = f"“{address}” is not a mail address, such as anna@example.org."
        raise CommandError(reason, returncode=NOT_EXAMINED)
    return Login(normalize_address(address), ask_password() if asks else "")


def ask_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError(
            "The password can't be asked for, because standard input is not a terminal.",
            returncode=NOT_EXAMINED,
        )
    try:
        return getpass("Password: ")
    except (EOFError, KeyboardInterrupt) as error:
        raise CommandError("No password was entered.", returncode=NOT_EXAMINED) from error


def is_broken(results: Iterable[HopResult], code: str) -> bool:
    """Say whether the finding with this code is broken."""
    found = (finding for result in results for finding in result.findings)
    return any(finding.code == code and finding.state == State.BROKEN for finding in found)


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM, and a terminal that is closed, end the command as an exception does: what it has
    added must be removed.
    """
    before = {
        each: signal.signal(each, lambda *_: sys.exit(1))
        for each in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
