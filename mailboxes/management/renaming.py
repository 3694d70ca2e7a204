"""The base of the commands that rename: what would change, a question, and the commands to run."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from mailboxes.export.renaming import Steps
from mailboxes.formats import error_message
from mailboxes.forwarding.changes import notes_of_renaming
from mailboxes.management.base import MailCommand

FIRST = "First, run this on the mail host as root, to link the new folder to the old one:"


class RenameCommand(MailCommand):
    def add_rename_arguments(self, parser: CommandParser) -> None:
        flags = {
            "--no-alias": "don't keep the old name as an alias",
            "--folder-is-linked": "the command that links the new folder to the old one has been "
            "run on the mail host; only needed with --yes",
            "--dry-run": "only show what would be done",
            "--yes": "rename without asking",
        }
        for flag, text in flags.items():
            parser.add_argument(flag, action="store_true", help=text)

    def perform(
        self, steps: Steps, names: tuple[str, str], action: Callable[[bool], object], **options: Any
    ) -> None:
        """Show what would change, ask, and rename; the action is told whether the link exists."""
        old, new = names
        for line in steps.lines:
            self.stdout.write(line)
        if steps.before:
            self.stdout.write(FIRST)
            self.stdout.write(steps.before)
        if self.is_wanted(f"Rename {old} to {new}?", bool(steps.before), **options):
            action(options["folder_is_linked"] or not options["yes"])
            self.stdout.write(f"Renamed {old} to {new}.")
            for note in notes_of_renaming(old, new, self.actor.scope):
                self.stdout.write(error_message(note))
            self.stdout.write(f"Now run this on the mail host as root:\n{steps.after}")

    def is_wanted(self, question: str, needs_link: bool, **options: Any) -> bool:
        """Ask, unless told not to; what is needed first counts as done by whoever says yes."""
        if options["dry_run"]:
            self.stdout.write("Nothing was changed.")
            return False
        if not options["yes"]:
            first = "Has the command above been run? " if needs_link else ""
            self.ask(f"{first}{question}", "rename")
        return True
