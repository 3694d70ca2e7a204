"""Planning and importing rows, with one entry in the log for all batches of an import."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from mailboxes.access import self_service
from mailboxes.access.grants import forget_domain
from mailboxes.accounts import AccountKind
from mailboxes.actions import rules
from mailboxes.actions.base import characters_checked, check_role, subject_of
from mailboxes.actions.imports.outcomes import ImportOptions, ImportResult, Outcome, Verb
from mailboxes.actions.imports.planning import Planner
from mailboxes.actions.imports.rows import ImportRow
from mailboxes.actions.imports.tables import Tables, names_in
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import begin, end
from mailboxes.audit.models import Phase
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.storage_engines import check_engines

ACTION = "mailbox.import"
BATCH = 500
WRITTEN = (Verb.CREATE, Verb.CHANGE)

SOME_REFUSED = gettext_noop(
    "%(count)s rows are refused, so nothing was imported. The first one: %(reason)s"
)
ADDED_MEANWHILE = gettext_noop(
    "Others have added the same rows in the meantime. Import the file again."
)


def plan_import(
    actor: Actor, rows: Iterable[ImportRow], options: ImportOptions, hashes: bool = False
) -> Iterator[Outcome]:
    """Yield what would become of each row, and write nothing.

    With `hashes`, the rows come back with a hash in place of each clear password.
    """
    check_role(actor, "mailbox.create")
    planner = Planner(actor, options, hashes)
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        planner.tables.load(batch)
        for row in batch:
            yield from planner.plan(row)


def import_rows(
    actor: Actor, rows: Sequence[ImportRow], options: ImportOptions, continues: int = 0
) -> ImportResult:
    """Import rows in one transaction; `continues` is the entry of an import's first batch.

    Clear passwords are hashed here, which takes long; a caller with many hashes them in the plan.
    """
    check_role(actor, "mailbox.create")
    check_engines()
    planner = Planner(actor, options, hashes=True)
    try:
        with characters_checked("name"), transaction.atomic(using="mail"):
            rules.lock_domains(*names_in(rows)[1])
            planner.tables.load(rows)
            outcomes = [outcome for row in rows for outcome in planner.plan(row)]
            check_whole(outcomes, options)
            written = [outcome for outcome in outcomes if outcome.verb in WRITTEN]
            if not written:
                return ImportResult(outcomes, continues)
            subjects = [subject_of(one.model, one.changes) for one in written if one.model]
            begun = begin(actor, ACTION, subjects, continues)
            save(written, planner.tables)
    except IntegrityError as error:
        raise Refused(ADDED_MEANWHILE, code="taken") from error
    settle(written)
    end(begun, Phase.DONE)
    return ImportResult(outcomes, begun.parent or begun.seq)


def check_whole(outcomes: Sequence[Outcome], options: ImportOptions) -> None:
    refused = [outcome for outcome in outcomes if outcome.verb == Verb.REFUSE]
    if refused and options.is_whole:
        params = {"count": len(refused), "reason": refused[0].refusal}
        raise Refused(SOME_REFUSED, params, code="whole")


def save(written: Sequence[Outcome], tables: Tables) -> None:
    """Write the planned rows, with few statements for each table."""
    by_table: dict[Any, Any] = {
        Domain: tables.domains,
        Mailbox: tables.mailboxes,
        Alias: tables.aliases,
        AliasDomain: tables.alias_domains,
    }
    for table, rows in by_table.items():
        created = [row for row in rows.values() if row._state.adding]
        for row in created if table is Domain else ():
            forget_domain(row.pk)  # administrators of a former domain have no right to this one
        table._default_manager.bulk_create(created, batch_size=BATCH)
    groups: dict[tuple[Any, tuple[str, ...]], list[Any]] = {}
    for one in written:
        if one.verb == Verb.CHANGE:
            groups.setdefault((type(one.model), tuple(one.changes)), []).append(one.model)
    for (table, columns), changed in groups.items():
        update(table, changed, columns)


def update(table: Any, rows: Sequence[Any], columns: Sequence[str]) -> None:
    """Save these columns of the rows; a mailbox's own alias gets its state."""
    now = timezone.now()
    for row in rows:
        row.modified = now
    also = ["password_expiry"] if "password" in columns else []
    table._default_manager.bulk_update(rows, [*columns, *also, "modified"], batch_size=BATCH)
    if table is Mailbox and "active" in columns:
        for state in (True, False):
            own = [row.pk for row in rows if row.active == state]
            aliases = Alias.objects.filter(pk__in=own).exclude(active=state)
            aliases.update(active=state, modified=now)


def settle(written: Sequence[Outcome]) -> None:
    """Take back the demand for another password where a new one was imported."""
    for outcome in written:
        if outcome.verb == Verb.CHANGE and "password" in outcome.changes and outcome.model:
            self_service.set_demand(AccountKind.MAILBOX, outcome.model.pk, False)
