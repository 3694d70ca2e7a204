"""manage.py exportconfig"""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from mailboxes import rehash_list
from mailboxes.audit.log import log_event, subject
from mailboxes.conf import MailHost, mail_host
from mailboxes.csv_download import csv_lines
from mailboxes.export import bundle, upgrade
from mailboxes.export.compare import SCHEME_NAMES, STATUSES, Comparison, parse_host
from mailboxes.export.compatibility import Incompatibility, describe, incompatible_mailboxes
from mailboxes.export.mail_check import check_mail
from mailboxes.export.outdated import remember_export
from mailboxes.export.prerequisites import name_warning
from mailboxes.export.render import render_bundle
from mailboxes.formats import database_message, number
from mailboxes.management.arguments import choices, new_path, one_of
from mailboxes.management.base import MailCommand
from mailboxes.management.new_file import write
from mailboxes.models import Mailbox
from mailboxes.sending import with_column
from mailboxes.variants import RELEASES, VARIANTS


class Command(MailCommand):
    help = (
        "Write the configuration of the mail host to a new folder that only you can read, since "
        "it contains database passwords. Its README explains what to do with it. With --compare, "
        "show what it changes on an existing host, and which mailboxes couldn't sign in afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", type=new_path, metavar="DIR", help="a new or empty folder")
        for part, names, setting in (
            ("variant", VARIANTS, "MAIL_VARIANT"),
            ("release", RELEASES, "MAIL_RELEASE"),
            ("scheme", SCHEME_NAMES, "MAIL_PASSWORD_SCHEME"),
        ):
            parser.add_argument(
                f"--{part}",
                type=one_of(part, names),
                metavar=choices(names),
                help=f"overrides {setting}",
            )
        parser.add_argument(
            "--compare",
            metavar="OLD",
            help="compare with the host as it is now: debian12, v1, v1/debian12 or "
            "v1/debian12/MD5; the rest is taken from the settings. The exit status is 0 even if "
            "mailboxes are affected",
        )
        parser.add_argument(
            "--list",
            type=new_path,
            metavar="FILE",
            help="with --compare: also write a CSV file of the mailboxes whose owners should sign "
            "in once on the password page, so that their passwords take the new scheme",
        )

    def handle(self, *args: object, **options: Any) -> None:
        output, old = options["output"], options["compare"]
        if not output and old is None:
            raise CommandError("Either --output DIR or --compare OLD is required.")
        if options["list"] and old is None:
            raise CommandError("--list requires --compare.")
        parts = [options[part] for part in ("variant", "release", "scheme") if options[part]]
        host = parse_host("/".join(parts)) if parts else mail_host()
        if old is not None:
            change = Comparison(parse_host(old), host)
            if options["list"]:
                self.write_list(host, options["list"])
            self.compare_until_closed(change)
        if output:
            self.write(host, output)

    def write(self, host: MailHost, output: Path) -> None:
        unchecked = check_mail(host)
        files = render_bundle(with_column(host))
        bundle.write(files, output)
        self.remember(files)
        self.stdout.write(
            f"Wrote {len(files)} files for {host.variant.name.upper()} on {host.release.title} "
            f"to {output}. Start with {output / 'README'}."
        )
        for text in filter(None, (unchecked, name_warning(host))):
            self.stdout.write(text)

    def remember(self, files: list[bundle.File]) -> None:
        """Note the export, unless the panel's database isn't there, which the files don't need."""
        try:
            remember_export(files)
        except DatabaseError as error:
            self.stderr.write(
                f"The panel won't know when it was exported, because its database can't be used: "
                f"{database_message(error)}."
            )

    def write_list(self, host: MailHost, path: Path) -> None:
        """Write the list of those who should sign in once, and log it like a download."""
        write(csv_lines(rehash_list.COLUMNS, rehash_list.rows(host)), path)
        log_event(self.actor, "mailbox.download", subject("file", str(path)))

    def compare_until_closed(self, change: Comparison) -> None:
        try:
            self.compare(change)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def compare(self, change: Comparison) -> None:
        """Print the numbers first, then one mailbox per line, keeping none in memory."""
        statuses = [file.status for file in change.files]
        files = ", ".join(f"{statuses.count(status)} {STATUSES[status]}" for status in STATUSES)
        self.stdout.write(f"{change.title}\n\nFiles: {files}.\nMailboxes: {change.verdict()}")
        self.stdout.write(f"Scheme: {change.rehash_verdict()}")
        for domain, count in change.report.domains_to_rehash:
            self.stdout.write(f"  {number(count)} in {domain}")
        report = change.report
        for group in [*report.cannot_sign_in, *report.tolerated, *report.plain_only]:
            self.stdout.write(f"  {number(group.count)} {group.text}")
        found = incompatible_mailboxes(change.old, change.new, Mailbox.objects.all())
        self.section("Mailboxes", (mailbox_line(mailbox, change) for mailbox in found))
        self.section("Other effects", upgrade.notes(change))
        steps = ("\n     ".join([step.text, *step.commands]) for step in upgrade.steps(change))
        self.section("Steps", (f"{place}. {step}" for place, step in enumerate(steps, 1)))
        for file in change.files:
            if file.diff:
                self.section(f"{file.path} ({file.status_text})", [file.diff.rstrip("\n")])

    def section(self, title: str, lines: Iterable[str]) -> None:
        """Print the lines under a title; nothing if there are none."""
        for line in lines:
            self.stdout.write((f"\n{title}\n\n" if title else "") + line)
            title = ""


def mailbox_line(mailbox: Incompatibility, change: Comparison) -> str:
    already = mailbox.already and change.old != change.new
    text = describe(mailbox.problem, change.new)
    return f"{mailbox.address}: {text}" + (" (on the old host as well)" if already else "")
