"""What would become of each row of an import: made, changed, left or refused."""

from collections.abc import Iterable, Sequence

from mailboxes.actions.imports.aliases import plan_alias
from mailboxes.actions.imports.domains import missing_domain, plan_alias_domain, plan_domain
from mailboxes.actions.imports.mailboxes import plan_mailbox
from mailboxes.actions.imports.outcomes import Outcome, Verb
from mailboxes.actions.imports.planner import Planner, without_password
from mailboxes.actions.imports.rows import (
    AliasDomainRow,
    AliasRow,
    DomainRow,
    ImportRow,
    MailboxRow,
)
from mailboxes.errors import Refused


def plan_batch(planner: Planner, batch: Sequence[ImportRow]) -> list[Outcome]:
    """Return the outcomes of a batch that is not going to be imported."""
    planner.load(batch, lock=False)
    outcomes = plan_rows(planner, batch)
    planner.remember()
    return outcomes


def plan_rows(planner: Planner, rows: Iterable[ImportRow]) -> list[Outcome]:
    """Return the outcomes of rows, each after that of a domain that is added for it."""
    return [outcome for row in rows for outcome in plan(planner, row)]


def plan(planner: Planner, row: ImportRow) -> list[Outcome]:
    """Return the row's outcome, after that of a domain that is added for it."""
    extra: list[Outcome] = []
    try:
        if isinstance(row, MailboxRow):
            extra = missing_domain(planner, row, row.address)
            return [*extra, plan_mailbox(planner, row)]
        if isinstance(row, AliasRow):
            extra = missing_domain(planner, row, row.address)
            return [*extra, plan_alias(planner, row)]
        if isinstance(row, DomainRow):
            return [plan_domain(planner, row)]
        if isinstance(row, AliasDomainRow):
            return [plan_alias_domain(planner, row)]
    except Refused as error:
        for added in extra:
            del planner.tables.domains[str(added.model)]
        return [Outcome(without_password(row), Verb.REFUSE, refusal=error)]
    refusal = Refused(row.message, row.params)
    return [Outcome(row, Verb.REFUSE, refusal=refusal)]
