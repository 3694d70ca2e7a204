"""Which aliases of an import, and which above its rows, forward to where mail wouldn't arrive."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from mailboxes.access.scope import Scope
from mailboxes.actions.imports.outcomes import Outcome
from mailboxes.actions.imports.planned_rows import Planned, PlannedLookUps, PlannedRows
from mailboxes.errors import Refused, gettext_noop
from mailboxes.forwarding.findings import LeftBehind, check, find_losses
from mailboxes.forwarding.lookups import at, domain_of
from mailboxes.forwarding.wording import finding_note, left_behind_notes
from mailboxes.handling import Handling
from mailboxes.lookup_tables.counts import exceed
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.models import Alias, Domain
from mailboxes.queries import BATCH, MAX_ROWS
from mailboxes.routing import Kind

UNCHECKED = gettext_noop(
    "With more than %(limit)s aliases in an adopted database, it isn't checked which of them lose "
    "mail because of this and later rows. After the import, run: manage.py checkaliases"
)
Note = tuple[Planned, Refused]


class Targets:
    """The rows that a dry run would add or change, for a look once all of them are known."""

    def __init__(self) -> None:
        self.planned = PlannedRows()

    def close(self) -> None:
        self.planned.close()

    def add(self, outcome: Outcome) -> None:
        if planned := Planned.of(outcome):
            self.planned.add(planned)
            if planned.model in ("Domain", "AliasDomain"):
                self.planned.add_lost(f"@{planned.key}", planned)
            elif not planned.active:
                self.planned.add_lost(planned.key, planned)

    def notes(self, scope: Scope) -> Iterator[Note]:
        """Yield what to note of the rows: first of the aliases that mail wouldn't get through, then
        because of which rows others would lose mail.
        """
        for aliases in self.planned.batches(Alias, BATCH):
            yield from self.check(aliases, scope)
        is_kept = are_kept()
        is_too_much = not is_kept and exceed(Alias.objects.all(), MAX_ROWS)
        for lost_rows in self.planned.lost(BATCH if is_kept else MAX_ROWS):
            if is_too_much:
                yield next(iter(lost_rows.values())), Refused(UNCHECKED, {"limit": MAX_ROWS})
                return
            yield from self.losses(lost_rows, scope)

    def check(self, batch: Collection[Planned], scope: Scope) -> Iterator[Note]:
        """Yield what is wrong with these aliases, and note which of them lose mail."""
        look_ups = PlannedLookUps(self.planned)
        rows = {one.name: (one, one.row) for one in batch}
        found = check([row for _one, row in rows.values()], look_ups)
        for finding in found:
            if note := finding_note(finding, scope):
                yield rows[finding.alias][0], note
        dead = {finding.alias for finding in found if not finding.arrives}
        for name, (planned, row) in rows.items():
            if name in dead or row.handling == Handling.REFUSED:
                self.planned.add_lost(planned.key, planned)
            domain = look_ups.row(Domain, domain_of(planned.key))
            if row.goto == name and domain and domain.route.kind != Kind.LOCAL:
                self.planned.add_lost(at("", domain.pk), planned)  # others aren't accepted any more

    def losses(self, lost: Mapping[str, Planned], scope: Scope) -> Iterator[Note]:
        """Yield which aliases lose mail because of these rows; those of the import are known."""
        closed = [one.key for one in lost.values() if one.model == "Domain" and not one.active]
        found: dict[Planned, LeftBehind] = defaultdict(LeftBehind)
        look_ups, causes = PlannedLookUps(self.planned), {key: key for key in lost}
        losses = list(find_losses(causes, Alias.objects.all(), look_ups, closed, MAX_ROWS))
        names = {loss.finding.alias.lower() for loss in losses}
        own = {one.key for one in self.planned.find(Alias, names)}
        for loss in losses:
            if loss.finding.alias.lower() not in own:
                found[lost[loss.cause]].add(loss, scope)
        for planned, left in found.items():
            yield from ((planned, note) for note in left_behind_notes(left))
