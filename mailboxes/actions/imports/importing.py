"""Planning and importing rows, with one entry in the log for all batches of an import."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice

from django.db import IntegrityError, OperationalError, transaction

from mailboxes.access import self_service
from mailboxes.accounts import AccountKind
from mailboxes.actions.base import check_role
from mailboxes.actions.imports.outcomes import ImportOptions, ImportResult, Outcome, Verb
from mailboxes.actions.imports.passwords import Mapper, begin_preparing, prepare
from mailboxes.actions.imports.planner import Planner
from mailboxes.actions.imports.planning import plan_batch, plan_rows
from mailboxes.actions.imports.rows import ImportRow
from mailboxes.actions.imports.writing import writing
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import begin, end, end_refused
from mailboxes.audit.models import Entry, Phase
from mailboxes.errors import Refused, gettext_noop
from mailboxes.outages import Outage, find_outage
from mailboxes.storage_engines import check_engines

ACTION = "mailbox.import"
BATCH = 4000
"""How many rows one transaction has, which locks their domains for about 0.2 s."""

PART = 100
"""How many rows are planned while those before are inserted."""

SOME_REFUSED = gettext_noop(
    "Nothing was imported. Refused rows: %(count)s. The first reason: %(reason)s"
)
ADDED_MEANWHILE = gettext_noop(
    "Someone else has added the same rows in the meantime. Import the file again."
)
BROKEN_OFF = gettext_noop("The import was interrupted, and everything was rolled back.")
Source = Callable[[], Iterable[ImportRow]]
"""Gives the rows from the first one, each time it is called."""


def plan_import(
    actor: Actor,
    rows: Iterable[ImportRow],
    options: ImportOptions,
    hashes: bool = False,
    mapper: Mapper = map,
) -> Iterator[Outcome]:
    """Yield what would become of each row, and write nothing.

    With `hashes`, the rows come back with a hash in place of each clear password.
    """
    check_role(actor, "mailbox.create")
    with closing(Planner(actor, options)) as planner:
        for prepared in prepared_batches(planner, rows, hashes, mapper):
            yield from plan_batch(planner, prepared)


def import_rows(
    actor: Actor, rows: Sequence[ImportRow], options: ImportOptions, continues: int = 0
) -> ImportResult:
    """Import rows in one transaction; `continues` is the entry of an import's first batch.

    Clear passwords are hashed here, which takes long; a caller with many hashes them in the plan.
    """
    with start(actor, options, continues) as planner:
        prepared = prepare(rows, planner.host.scheme, options.updates, hashes=True)
        result, begun = import_prepared(planner, prepared, continues)
    if begun:
        end(begun, Phase.DONE)
    return result


def run_import(
    actor: Actor, source: Source, options: ImportOptions, mapper: Mapper = map
) -> Generator[ImportResult]:
    """Import all rows of a source, a batch at a time, and yield what became of each batch.

    A row that is refused stops no other. To go on after an interruption, run it again: what is
    there is left. With `is_whole`, see `run_whole`.
    """
    if options.is_whole:
        yield from run_whole(actor, source, options, mapper)
        return
    entry = 0
    with start(actor, options) as planner:
        for prepared in prepared_batches(planner, source(), True, mapper):
            result, begun = import_prepared(planner, prepared, entry)
            if begun:
                end(begun, Phase.DONE)
            entry = result.entry
            yield result


def run_whole(
    actor: Actor, source: Source, options: ImportOptions, mapper: Mapper
) -> Generator[ImportResult]:
    """Import in one transaction, after a plan without refusals; closing the generator ends it."""
    check_whole(plan_import(actor, source(), options, mapper=mapper), options)
    entry, begun = 0, list[Entry]()
    try:
        with start(actor, options) as planner, transaction.atomic(using="mail"):
            for prepared in prepared_batches(planner, source(), True, mapper):
                result, opened = import_prepared(planner, prepared, entry)
                begun += [opened] if opened else []
                entry = result.entry
                yield result
    except BaseException:
        for each in begun:
            end_refused(each, Refused(BROKEN_OFF))
        raise
    for each in begun:
        end(each, Phase.DONE)


def start(actor: Actor, options: ImportOptions, continues: int = 0) -> closing[Planner]:
    check_role(actor, "mailbox.create")
    check_engines()
    return closing(Planner(actor, options, continues))


def prepared_batches(
    planner: Planner, rows: Iterable[ImportRow], hashes: bool, mapper: Mapper
) -> Iterator[list[ImportRow]]:
    """Yield prepared batches; other processes prepare the next one while one is imported."""
    scheme, updates = planner.host.scheme, planner.options.updates
    begun = (
        begin_preparing(batch, scheme, updates, hashes, mapper) for batch in parts(rows, BATCH)
    )
    finish = next(begun, None)
    while finish:
        following = next(begun, None)
        yield finish()
        finish = following


def import_prepared(
    planner: Planner, prepared: Sequence[ImportRow], continues: int
) -> tuple[ImportResult, Entry | None]:
    """Import a batch; return what became of it, and the entry that is to be ended."""
    outcomes, begun = list[Outcome](), None
    try:
        with transaction.atomic(using="mail"):
            planner.load(prepared, lock=True)
            with writing(planner.tables) as writer:
                for part in parts(prepared, PART):
                    planned = plan_rows(planner, part)
                    writer.write(planned)
                    outcomes += planned
                check_whole(outcomes, planner.options)
                if writer.subjects:
                    begun = begin(planner.actor, ACTION, writer.subjects, continues)
                planner.remember()
            if begun:
                planner.check_locked()
    except (IntegrityError, OperationalError, Refused) as error:
        if isinstance(error, OperationalError) and find_outage(error) != Outage.BUSY:
            raise
        refusal = error if isinstance(error, Refused) else Refused(ADDED_MEANWHILE, code="taken")
        if begun:
            end_refused(begun, refusal)
        raise refusal from error
    settle(outcomes)
    return ImportResult(outcomes, (begun.parent or begun.seq) if begun else continues), begun


def check_whole(outcomes: Iterable[Outcome], options: ImportOptions) -> None:
    refused = [each.refusal for each in outcomes if each.verb == Verb.REFUSE]
    if refused and options.is_whole:
        params = {"count": len(refused), "reason": refused[0]}
        raise Refused(SOME_REFUSED, params, code="whole")


def settle(outcomes: Sequence[Outcome]) -> None:
    """Take back the demand for another password where a new one was imported."""
    for outcome in outcomes:
        if outcome.verb == Verb.CHANGE and "password" in outcome.changes and outcome.model:
            self_service.set_demand(AccountKind.MAILBOX, outcome.model.pk, False)


def parts(rows: Iterable[ImportRow], number: int) -> Iterator[list[ImportRow]]:
    source = iter(rows)
    while part := list(islice(source, number)):
        yield part
