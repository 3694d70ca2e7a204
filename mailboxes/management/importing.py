"""The base of the commands that import: a dry run, a question, and the import."""

import csv
import gc
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django
from django.core.management.base import CommandError, CommandParser

from mailboxes import actions
from mailboxes.actions.imports.importing import Source
from mailboxes.actions.imports.outcomes import ImportOptions, Outcome, Verb
from mailboxes.actions.imports.passwords import Mapper
from mailboxes.actions.imports.targets import Targets
from mailboxes.formats import error_message
from mailboxes.management.arguments import new_path
from mailboxes.management.base import MailCommand
from mailboxes.transfer.outcome_texts import DONE, PLANNED

MAX_LISTED = 100
"""How many rows with a note are listed; refused ones are all listed."""

MESSAGES = 8
"""How many times a process gets tasks; each time takes this one about 0.1 ms."""

KINDS = {
    "DomainRow": ("domain", "domains"),
    "MailboxRow": ("mailbox", "mailboxes"),
    "AliasRow": ("alias", "aliases"),
    "AliasDomainRow": ("alias domain", "alias domains"),
    "Unreadable": ("row", "rows"),
}
Counts = Counter[tuple[str, Verb]]


class ImportCommand(MailCommand):
    """Imports rows after a dry run. Exit status 0 only if no row was refused."""

    retry_hint = (
        "Correct this, then run the command again: what has been imported is left as it is."
    )

    def add_import_arguments(self, parser: CommandParser) -> None:
        flags = {
            "--create-domains": "add domains that don't exist",
            "--update": "change existing rows to match the source; otherwise they are left as "
            "they are",
            "--whole": "import everything or, if a single row is refused, nothing",
            "--dry-run": "only show what would be done",
            "--yes": "import without asking, after the dry run",
        }
        for flag, text in flags.items():
            parser.add_argument(flag, action="store_true", help=text)
        parser.add_argument(
            "--report",
            type=new_path,
            metavar="FILE",
            help="write what becomes of each row to a new CSV file",
        )

    def import_source(self, source: Source, name: str, **options: Any) -> None:
        """Do the dry run, ask, and import; `name` is what the source is called in questions."""
        chosen = ImportOptions(options["create_domains"], options["update"], options["whole"])
        with Report(options["report"], self.report_lines) as report, processes() as mapper:
            planned: Counts = Counter()
            with closing(Targets()) as targets:
                for outcome in actions.plan_import(self.actor, source(), chosen, mapper=mapper):
                    planned[kind_of(outcome), outcome.verb] += 1
                    self.list_outcome(outcome, planned)
                    report.add(outcome, PLANNED)
                    targets.add(outcome)
                self.list_targets(targets, report)
            self.print_counts(planned, PLANNED)
            self.print_losses()
            refused = sum(number for (_, verb), number in planned.items() if verb == Verb.REFUSE)
            if self.is_wanted(planned, name, **options):
                done = self.run(source, chosen, mapper, report)
                self.print_counts(done, DONE)
                refused = sum(number for (_, verb), number in done.items() if verb == Verb.REFUSE)
        if refused:
            raise CommandError(
                f"{refused} {'row was' if refused == 1 else 'rows were'} refused; see above."
            )

    def print_losses(self) -> None:
        """Say what in the source can't be imported at all."""

    def report_lines(self, texts: dict[str, str]) -> Iterator[Iterable[str]]:
        """Yield the lines of the report; `texts` are what becomes of each row, by its place."""
        yield ("row", "result")
        yield from texts.items()

    def list_outcome(self, outcome: Outcome, seen: Counts) -> None:
        """Print a refused row, and the first ones with a note."""
        note = outcome.refusal or outcome.note
        if not note:
            return
        if not outcome.refusal:
            seen["note", outcome.verb] += 1
            if seen["note", outcome.verb] > MAX_LISTED:
                return
        place, name = outcome.row.place, name_of(outcome)
        where = place if place.endswith(name) else f"{place}: {name}"
        self.stdout.write(f"{where}: {error_message(note)}")

    def list_targets(self, targets: Targets, report: "Report") -> None:
        """Print which aliases, of the import and of others, mail wouldn't reach after it."""
        for number, (planned, note) in enumerate(targets.notes(self.actor.scope)):
            text = error_message(note)
            report.add_note(planned.place, text)
            if number < MAX_LISTED:
                start = "" if planned.name in text else f"{planned.name}: "
                self.stdout.write(f"{planned.place}: {start}{text}")
            if number == MAX_LISTED:
                self.stdout.write("There are more such rows. --report lists all of them.")
                if not report.path:
                    break

    def print_counts(self, counts: Counts, words: Mapping[Verb, object]) -> None:
        for (kind, verb), number in sorted(counts.items()):
            if kind != "note":
                self.stdout.write(f"{number} {KINDS[kind][number != 1]} {words[verb]}")

    def is_wanted(self, planned: Counts, name: str, **options: Any) -> bool:
        changes = sum(planned[kind, verb] for kind in KINDS for verb in (Verb.CREATE, Verb.CHANGE))
        if options["dry_run"] or not changes:
            self.stdout.write("Nothing was changed.")
            return False
        if not options["yes"]:
            self.ask(f"Import {name}?", "import")
        return True

    def run(
        self, source: Source, options: ImportOptions, mapper: Mapper, report: "Report"
    ) -> Counts:
        done: Counts = Counter()
        entry = 0
        batches = actions.run_import(self.actor, source, options, mapper)
        try:
            for result in batches:
                entry = entry or result.entry
                for each in result.outcomes:
                    done[kind_of(each), each.verb] += 1
                    report.add(each, DONE)
                self.progress(sum(done.values()))
        except KeyboardInterrupt as error:
            batches.close()
            kept = "Nothing was changed." if options.is_whole else self.undo_hint(entry)
            raise CommandError(f"Interrupted. {kept}") from error
        self.progress(0)
        self.stdout.write(self.undo_hint(entry))
        return done

    def undo_hint(self, entry: int) -> str:
        undo = f"To undo it, run: manage.py importmailboxes --undo={entry}"
        return (
            f"The import is entry {entry} of the log. {undo}" if entry else "Nothing was changed."
        )

    def progress(self, number: int) -> None:
        """Show on a terminal how many rows are done; 0 removes the line."""
        if sys.stderr.isatty():
            self.stderr.write(f"\r{number} rows" if number else "\r\x1b[K", ending="")
            sys.stderr.flush()


@contextmanager
def processes() -> Iterator[Mapper]:
    """Give a `map` that uses all cores where there is much to do, as with slow schemes."""
    number = os.cpu_count() or 1
    gc.freeze()  # or the collector would search all of Django for garbage, again and again
    gc.set_threshold(100_000)  # and a batch makes many thousand objects that aren't garbage yet
    with ProcessPoolExecutor(number, get_context("forkserver"), django.setup) as pool:

        def apply(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterable[Any]:
            tasks = list(tasks)
            is_much = number > 1 and len(tasks) > 1
            at_once = 1 + len(tasks) // (number * MESSAGES)
            return pool.map(function, tasks, chunksize=at_once) if is_much else map(function, tasks)

        yield apply


class Report:
    """What becomes of each row, written at the end to a new file that only its owner can read."""

    def __init__(
        self,
        path: Path | None,
        lines: Callable[[dict[str, str]], Iterator[Iterable[str]]],
    ) -> None:
        self.path = path
        self.lines = lines
        self.texts: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {}

    def add(self, outcome: Outcome, words: Mapping[Verb, object]) -> None:
        """Note a row's outcome, in place of what was planned or of the domain added for it."""
        if self.path:
            note = outcome.refusal or outcome.note
            parts = [str(words[outcome.verb]), *([error_message(note)] if note else [])]
            self.texts[outcome.row.place] = ": ".join(parts)

    def add_note(self, place: str, text: str) -> None:
        """Note what is known once all rows are planned, and stays true when they are imported."""
        if self.path:
            self.notes.setdefault(place, []).append(text)

    def results(self) -> dict[str, str]:
        return {
            place: ": ".join([text, " ".join(self.notes[place])]) if place in self.notes else text
            for place, text in self.texts.items()
        }

    def __enter__(self) -> "Report":
        if self.path:
            try:
                descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except OSError as error:
                raise CommandError(f"{self.path} can't be created: {error.strerror}.") from error
            self.file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")
        return self

    def __exit__(self, *error: object) -> None:
        if self.path:
            with self.file as file:
                csv.writer(file).writerows(self.lines(self.results()))


def kind_of(outcome: Outcome) -> str:
    if outcome.model:
        return f"{type(outcome.model).__name__}Row"
    return type(outcome.row).__name__


def name_of(outcome: Outcome) -> str:
    if outcome.model:
        return str(outcome.model.pk)
    row = outcome.row
    return str(getattr(row, "address", "") or getattr(row, "name", "") or "")
