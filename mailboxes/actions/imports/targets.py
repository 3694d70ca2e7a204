"""Which aliases of an import forward to addresses in our own domains that mail wouldn't reach."""

from typing import Any

from mailboxes.access.scope import Scope
from mailboxes.actions.imports.outcomes import Outcome, Verb
from mailboxes.errors import Refused
from mailboxes.forwarding.findings import check
from mailboxes.forwarding.lookups import LookUps
from mailboxes.forwarding.wording import finding_note
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import MAX_ROWS


class Targets:
    """The rows that a dry run would add or change, for a look once all of them are known."""

    def __init__(self) -> None:
        self.rows: dict[type, dict[str, Any]] = {
            model: {} for model in (Domain, AliasDomain, Alias, Mailbox)
        }
        self.outcomes: dict[str, Outcome] = {}
        """Those of the aliases, by name."""

        self.number = 0

    @property
    def is_too_much(self) -> bool:
        """Whether there are more rows than are kept, and so none is looked at."""
        return self.number > MAX_ROWS

    def add(self, outcome: Outcome) -> None:
        if outcome.model is None or outcome.verb not in (Verb.CREATE, Verb.CHANGE):
            return
        self.number += 1
        if self.is_too_much:
            self.rows.clear()
            self.outcomes.clear()
            return
        self.rows[type(outcome.model)][str(outcome.model.pk).lower()] = outcome.model
        if isinstance(outcome.model, Alias):
            self.outcomes[outcome.model.pk] = outcome

    def notes(self, scope: Scope) -> list[tuple[Outcome, Refused]]:
        """Return the outcomes of the aliases that mail wouldn't get through, and what to note."""
        aliases = [one.model for one in self.outcomes.values() if isinstance(one.model, Alias)]
        found = check(aliases, LookUps(saved=self.rows))
        notes = [(self.outcomes[one.alias], finding_note(one, scope)) for one in found]
        return [(outcome, note) for outcome, note in notes if note]
