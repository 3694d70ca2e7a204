"""manage.py doctor"""

import json
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.conf import mail_host
from mailboxes.doctor import chain
from mailboxes.doctor.access import find_access
from mailboxes.doctor.finding import HopResult, State, worst
from mailboxes.management.base import MailCommand
from mailboxes.management.processes import run

NOT_EXAMINED = 2
STATUS = {State.WORKING: 0, State.WARNING: 0, State.BROKEN: 1, State.NOT_CHECKED: NOT_EXAMINED}


class Command(MailCommand):
    help = (
        "Examine the mail host hop by hop, from the database to the ports, and say what is broken "
        "and what to do. Run it as root on the mail host. The exit status is 0 if everything "
        "works, 1 if something is broken, and 2 if nothing could be examined."
    )

    refusal_status = NOT_EXAMINED

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")
        parser.add_argument(
            "--domain",
            metavar="DOMAIN",
            help="where the mailbox is created that signs in for this examination and is deleted "
            "at its end; by default, in the first active domain",
        )

    def handle(self, *args: object, **options: Any) -> None:
        host, results = mail_host(), []
        domain = options["domain"] or chain.first_domain()
        with ended_by_sigterm():
            for result in chain.examine(self.actor, host, find_access(host, run), domain):
                results.append(result)
                if not options["json"]:
                    self.write(result)
        verdict = worst(result.state for result in results)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(verdict, results), indent=2, ensure_ascii=False))
        if STATUS[verdict]:
            raise CommandError(f"Verdict: {verdict}.", returncode=STATUS[verdict])

    def write(self, result: HopResult) -> None:
        self.stdout.write(f"{result.hop.title}: {result.state}")
        for finding in result.findings:
            self.stdout.write(f"  {finding.state}: {finding.seen}")
            for text in filter(None, map(str, finding.remedy)):
                self.stdout.write(f"    {text}")


@contextmanager
def ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the command as an exception does: what it has added must be removed."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def as_json(verdict: State, results: Iterable[HopResult]) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "hops": [
            {
                "code": result.hop.code,
                "title": str(result.hop.title),
                "state": result.state,
                "findings": [
                    {
                        "code": finding.code,
                        "state": finding.state,
                        "seen": finding.seen,
                        "advice": str(finding.remedy.advice),
                        "command": finding.remedy.command,
                    }
                    for finding in result.findings
                ],
            }
            for result in results
        ],
    }
