"""An upload between its dry run and its end: prepared, imported batch by batch, and reported."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from mailboxes import actions
from mailboxes.actions.imports.outcomes import ImportOptions, Outcome, Verb
from mailboxes.actions.imports.rows import AliasRow, ImportRow, MailboxRow
from mailboxes.actions.imports.targets import Targets
from mailboxes.audit.actors import Actor
from mailboxes.audit.refusals import refusal_as_json, storable
from mailboxes.conf import mail_host
from mailboxes.errors import Refused, gettext_noop, joined
from mailboxes.imports.models import PreparedBatch, PreparedImport, State
from mailboxes.passwords.schemes import make_password
from mailboxes.transfer.columns import SECRET
from mailboxes.transfer.csv_files import CsvFile
from mailboxes.transfer.joining import join_aliases
from mailboxes.transfer.prepared_rows import row_as_json, row_from_json

BATCH = 500
MAX_LINES = 10_000
MAX_SECONDS = 20
"""How long hashing the clear passwords of an upload may take: a thread is busy meanwhile."""

JUDGING = 0.004
"""How many seconds it takes to find out how easily a password is guessed."""

SAMPLE = "a password to measure"
MAX_AGE = timedelta(days=1)
"""How long an upload is kept, finished or not."""

TOO_SLOW = gettext_noop(
    "Hashing %(count)s passwords with %(scheme)s takes too long here. At most %(limit)s can be "
    "imported at once on this page. Split the file, or use manage.py importmailboxes on the server."
)
TOO_MANY_LINES = gettext_noop(
    "The file has more than %(limit)s lines. Split it, or use manage.py importmailboxes on the "
    "server."
)
Line = tuple[int, list[str], str]
"""Number, cells without passwords, and the place of the row that the line belongs to."""


def prepare(
    owner: User, actor: Actor, name: str, file: CsvFile, options: ImportOptions
) -> PreparedImport:
    """Do the dry run of a file and store the result, with hashes in place of clear passwords."""
    lines, rows = read_all(file)
    check_effort(rows)
    outcomes = list(actions.plan_import(actor, rows, options, hashes=True))
    note_targets(actor, outcomes)
    found = PreparedImport(
        owner=owner,
        file_name=storable(name)[:255],
        created=timezone.now(),
        header=file.header,
        columns=[column or "" for column in file.columns],
        reads_hashes=file.reads_hashes,
        options=asdict(options),
        expected=Counter(outcome.verb for outcome in outcomes),
    )
    with transaction.atomic(using="default"):
        found.save()
        PreparedBatch.objects.bulk_create(batches_of(found, lines, outcomes, options))
    return found


def note_targets(actor: Actor, outcomes: list[Outcome]) -> None:
    """Note with each row which aliases mail wouldn't reach because of it."""
    rows = {(type(one.model).__name__, one.model.pk): one for one in outcomes if one.model}
    with closing(Targets()) as targets:
        for outcome in outcomes:
            targets.add(outcome)
        for planned, note in targets.notes(actor.scope):
            outcome = rows[planned.model, planned.name]
            outcome.note = joined(outcome.note, note) if outcome.note else note


def read_all(file: CsvFile) -> tuple[list[Line], list[ImportRow]]:
    """Return the lines that aren't empty, and the rows."""
    secret = [column in SECRET for column in file.columns]
    lines: list[Line] = []
    single: list[ImportRow] = []
    for record, row in file.records():
        if row is None:
            continue
        if len(lines) >= MAX_LINES:
            raise Refused(TOO_MANY_LINES, {"limit": MAX_LINES}, code="too_large")
        cells = zip(record.cells, secret, strict=False)
        shown = ["" if is_secret else storable(cell) for cell, is_secret in cells]
        lines.append((record.line, shown, row.place))
        single.append(row)
    rows = list(join_aliases(single))
    own = {row.place for row in rows}
    first = {row.address.lower(): row.place for row in rows if isinstance(row, AliasRow)}
    return [
        (number, cells, first[row.address.lower()])
        if isinstance(row, AliasRow) and place not in own
        else (number, cells, place)
        for (number, cells, place), row in zip(lines, single, strict=True)
    ], rows


def check_effort(rows: Sequence[ImportRow]) -> None:
    """Refuse more clear passwords than can be hashed while the browser waits."""
    count = sum(isinstance(row, MailboxRow) and bool(row.password) for row in rows)
    if not count:
        return
    scheme = mail_host().scheme
    make_password(SAMPLE, scheme.handler)  # the first one also loads what it needs
    begun = time.process_time()
    make_password(SAMPLE, scheme.handler)
    limit = int(MAX_SECONDS / (time.process_time() - begun + JUDGING))
    if count > limit:
        params = {"count": count, "scheme": scheme.name, "limit": limit}
        raise Refused(TOO_SLOW, params, code="too_slow")


def batches_of(
    prepared: PreparedImport, lines: list[Line], outcomes: list[Outcome], options: ImportOptions
) -> Iterator[PreparedBatch]:
    """Yield the batches; all rows are in the first one if they are imported as a whole."""
    size = max(len(outcomes), 1) if options.is_whole else BATCH
    number = 0
    while number * size < len(outcomes) or number * BATCH < len(lines):
        some = outcomes[number * size : (number + 1) * size]
        yield PreparedBatch(
            prepared=prepared,
            number=number,
            rows=[row_as_json(one.row) for one in some if is_to_import(one)],
            outcomes=[outcome_as_json(one) for one in some],
            lines=lines[number * BATCH : (number + 1) * BATCH],
        )
        number += 1


def is_to_import(outcome: Outcome) -> bool:
    return outcome.verb in (Verb.CREATE, Verb.CHANGE)


def outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    row, why = outcome.row, outcome.refusal or outcome.note
    name = outcome.model.pk if outcome.model else name_of(row)
    return {
        "place": row.place,
        "name": storable(str(name)),
        "verb": outcome.verb.value,
        "why": refusal_as_json(why) if why else None,
        "columns": [column for column in outcome.changes if outcome.verb == Verb.CHANGE],
    }


def name_of(row: ImportRow) -> str:
    return row.address if isinstance(row, MailboxRow | AliasRow) else row.name


def import_batch(actor: Actor, prepared: PreparedImport) -> None:
    """Import the next batch; the last one ends the import.

    Batches that are sent twice do no harm: the second time, their rows are there already.
    """
    number = prepared.next_batch
    batch = prepared.batches.filter(number=number).first()
    options = ImportOptions(**prepared.options)
    if batch and batch.rows:
        rows = [row_from_json(stored) for stored in batch.rows]
        result = actions.import_rows(actor, rows, options, prepared.entry)
        prepared.entry = result.entry or prepared.entry
        batch.outcomes = with_results(batch.outcomes, result.outcomes)
    is_last = not prepared.batches.filter(number__gt=number).exists()
    with transaction.atomic(using="default"):
        if batch:
            batch.rows = []
            batch.save()
            done = Counter(outcome["verb"] for outcome in batch.outcomes)
            prepared.achieved = dict(Counter(prepared.achieved) + done)
        prepared.next_batch = number + 1
        prepared.state = State.DONE if is_last else State.STARTED
        prepared.save()


def with_results(planned: list[dict[str, Any]], done: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return the outcomes of the plan with those of the import where they differ."""
    results = {(one["place"], one["name"]): one for one in map(outcome_as_json, done)}
    found = [results.get((one["place"], one["name"]), one) for one in planned]
    for one, old in zip(found, planned, strict=True):
        if one["verb"] == old["verb"]:
            one["why"] = old["why"]
    return found


def delete_expired() -> int:
    """Delete what was uploaded long ago, and return how many imports that were."""
    found = PreparedImport.objects.filter(created__lt=timezone.now() - MAX_AGE)
    return found.delete()[1].get(PreparedImport._meta.label, 0)
