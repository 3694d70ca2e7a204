"""Which aliases of an import, and which above its rows, forward to where mail wouldn't arrive."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from django.db.models import F

from mailboxes.access.scope import Scope
from mailboxes.actions.imports.outcomes import Outcome
from mailboxes.actions.imports.planned_rows import Planned, PlannedLookUps, PlannedRows
from mailboxes.errors import Refused, gettext_noop
from mailboxes.forwarding.findings import (
    LeftBehind,
    catch_alls,
    check,
    find_losses,
    without_mailboxes,
)
from mailboxes.forwarding.lookups import LookUps, start_of
from mailboxes.forwarding.wording import finding_notes, left_behind_notes, only_listed_notes
from mailboxes.handling import Handling
from mailboxes.lookup_tables.counts import exceed
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.lookup_tables.targets import batched
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import BATCH, BY_DOMAIN, MAX_ROWS, batches
from mailboxes.routing import Kind

UNCHECKED = gettext_noop(
    "With more than %(limit)s aliases in an adopted database, it isn't checked which of them lose "
    "mail because of this and later rows. After the import, run: manage.py checkaliases"
)
Rows = list[tuple[Planned, Alias]]
"""Aliases, each with the row because of which it is looked at."""

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
        for planned in self.planned.batches(Alias, BATCH):
            yield from self.check([(one, one.row) for one in planned], scope)
        for rows in self.existing():
            yield from self.check(rows, scope)
        yield from self.note_lists(scope)
        is_kept = are_kept()
        is_too_much = not is_kept and exceed(Alias.objects.all(), MAX_ROWS)
        for lost_rows in self.planned.lost(BATCH if is_kept else MAX_ROWS):
            if is_too_much:
                yield next(iter(lost_rows.values())), Refused(UNCHECKED, {"limit": MAX_ROWS})
                return
            yield from self.losses(lost_rows, scope)

    def existing(self) -> Iterator[Rows]:
        """Yield the aliases in the table to which mail comes by rows of the import, with these."""
        aliases = Alias.objects.exclude(goto=F("address"))
        for domains in self.planned.batches(Domain, BATCH):
            active = {one.key: one for one in domains if one.active}
            inside = aliases.filter(domain__in=[*active], active=True).order_by(*BY_DOMAIN)
            local = [one.key for one in active.values() if one.row.route.kind == Kind.LOCAL]
            alone = without_mailboxes(local)
            yield [(active[alias.domain_id.lower()], alias) for alias in self.others(alone)]
            for found in batches(inside):
                yield [(active[alias.domain_id.lower()], alias) for alias in self.others(found)]
        for mailboxes in self.planned.batches(Mailbox, BATCH, exist=True):
            active = {one.key: one for one in mailboxes if one.active}
            own = self.others(aliases.filter(pk__in=[*active]))
            yield [(active[alias.pk.lower()], alias) for alias in own]

    def others(self, aliases: Iterable[Alias]) -> list[Alias]:
        """Return those of the aliases that the import doesn't change itself."""
        by_key = {alias.pk.lower(): alias for alias in aliases}
        own = {planned.key for planned in self.planned.find(Alias, by_key)}
        return [alias for key, alias in by_key.items() if key not in own]

    def note_lists(self, scope: Scope) -> Iterator[Note]:
        """Yield that other addresses of relayed domains aren't accepted any more."""
        for names in batched(self.planned.lists, BATCH):
            now, then = LookUps(), PlannedLookUps(self.planned)
            for look_ups in (now, then):
                look_ups.read([start_of(f"@{name}") for name in names])
            for name in names:
                domain, planned = then.row(Domain, name), self.planned.lists[name]
                if domain and domain.route.kind != Kind.LOCAL:
                    self.planned.add_lost(f"@{name}", planned)
                    is_caught = bool(then.goto(f"@{name}"))
                    if now.relays_any(name):
                        yield from self.begun(name, planned, is_caught, scope)

    def begun(self, domain: str, planned: Planned, is_caught: bool, scope: Scope) -> Iterator[Note]:
        """Yield what becomes of mail for other addresses, once the first one is listed."""
        others = self.others(catch_alls([domain]))
        yield from self.check([(planned, alias) for alias in others], scope)
        if not is_caught:
            yield from ((planned, note) for note in only_listed_notes([domain]))

    def check(self, batch: Rows, scope: Scope) -> Iterator[Note]:
        """Yield what is wrong with these aliases, and note which of them lose mail."""
        look_ups = PlannedLookUps(self.planned)
        rows = {alias.pk: planned for planned, alias in batch}
        look_ups.read([*map(start_of, rows)])
        aliases = [look_ups.row(Alias, name.lower()) for name in rows]
        found = check(filter(None, aliases), look_ups)
        for finding in found:
            notes = finding_notes([finding], scope)
            yield from ((rows[finding.alias], note) for note in notes)
        refusing = (one.pk for one in aliases if one and one.handling == Handling.REFUSED)
        for name in {*refusing, *(finding.alias for finding in found if not finding.arrives)}:
            self.planned.add_lost(name.lower(), rows[name])

    def losses(self, lost: Mapping[str, Planned], scope: Scope) -> Iterator[Note]:
        """Yield which aliases lose mail because of these rows; those of the import are known."""
        domains = (one for one in lost.values() if one.model == "Domain")
        closed = {one.key.lower() for one in domains if not one.active}
        found: dict[Planned, LeftBehind] = defaultdict(LeftBehind)
        look_ups, causes = PlannedLookUps(self.planned), {key: key for key in lost}
        losses = list(find_losses(causes, Alias.objects.all(), look_ups, closed, MAX_ROWS))
        known = {
            one.key
            for one in self.planned.find(Alias, [loss.finding.alias.lower() for loss in losses])
        }
        for loss in losses:
            if loss.finding.alias.lower() not in known:
                found[lost[loss.cause]].add(loss, scope)
        for planned, left in found.items():
            yield from ((planned, note) for note in left_behind_notes(left))
