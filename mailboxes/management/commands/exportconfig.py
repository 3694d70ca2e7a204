"""manage.py exportconfig"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes.conf import MailHost, mail_host
from mailboxes.export import bundle, render
from mailboxes.export.compare import SCHEMES, STATUSES, Move, host_named
from mailboxes.export.compatibility import Finding, reason
from mailboxes.management.base import DeedCommand
from mailboxes.variants import RELEASES, VARIANTS


class Command(DeedCommand):
    help = (
        "Write the configuration of the mail host into a new folder. It holds database passwords: "
        "only you can read it. Its README says what to do with it. With --compare, say what it "
        "changes on a host as it is now, and which mailboxes could not sign in afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=Path, metavar="DIR", help="a new or empty folder")
        parser.add_argument("--variant", choices=VARIANTS, help="not MAIL_VARIANT's")
        parser.add_argument("--release", choices=RELEASES, help="not MAIL_RELEASE's")
        parser.add_argument("--scheme", choices=SCHEMES, help="not MAIL_PASSWORD_SCHEME's")
        parser.add_argument(
            "--compare",
            metavar="OLD",
            help="what the host is now: debian12, v1, v1/debian12 or v1/debian12/MD5; what is not "
            "named is as in the settings. It is a report: the exit status is 0, whatever it finds",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        output, old = options["output"], options["compare"]
        if not output and old is None:
            raise CommandError("Say where to, with --output DIR, or compare, with --compare OLD.")
        parts = [options[part] for part in ("variant", "release", "scheme") if options[part]]
        host = host_named("/".join(parts)) if parts else mail_host()
        if old is not None:
            self.compare_unless_closed(Move(host_named(old), host))
        if output:
            self.write(host, output)

    def write(self, host: MailHost, output: Path) -> None:
        files = render.bundle(host)
        bundle.write(files, output)
        self.stdout.write(
            f"Wrote {len(files)} files for {host.variant.name.upper()} on {host.release.title} "
            f"to {output}. Begin with {output / 'README'}."
        )

    def compare_unless_closed(self, move: Move) -> None:
        try:
            self.compare(move)
        except BrokenPipeError:  # who reads it has seen enough, such as `head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def compare(self, move: Move) -> None:
        """Print the numbers first; then the mailboxes, one a line and none kept."""
        statuses = [change.status for change in move.changes]
        files = ", ".join(f"{statuses.count(status)} {STATUSES[status]}" for status in STATUSES)
        self.stdout.write(f"{move.title}\n\nFiles: {files}.\nMailboxes: {move.verdict()}")
        for group in [*move.census.shut_out, *move.census.tolerated, *move.census.plain_only]:
            self.stdout.write(f"  {group.count:,} {group.reason}")
        self.section("These mailboxes", (said(finding, move) for finding in move.findings()))
        self.section("What else people notice", move.notes())
        steps = ("\n     ".join([step.text, *step.commands]) for step in move.steps())
        self.section("In this order", (f"{number}. {step}" for number, step in enumerate(steps, 1)))
        for change in move.changes:
            if change.diff:
                self.section(f"{change.path} ({change.words})", [change.diff.rstrip("\n")])

    def section(self, title: str, lines: Iterable[str]) -> None:
        """Print the lines under a title; nothing if there are none."""
        for line in lines:
            self.stdout.write((f"\n{title}\n\n" if title else "") + line)
            title = ""


def said(finding: Finding, move: Move) -> str:
    known = finding.already and move.old != move.new
    why = reason(finding.trouble, move.new)
    return f"{finding.address}: {why}" + (" (on the old host, too)" if known else "")
