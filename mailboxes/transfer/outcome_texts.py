"""What becomes of each row of an upload, in the reader's language."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from mailboxes.actions.imports.outcomes import Verb
from mailboxes.audit.wording import column_label, refusal_text
from mailboxes.imports.models import PreparedImport, State

PLANNED = {
    Verb.CREATE: _("to add"),
    Verb.CHANGE: _("to change"),
    Verb.KEEP: _("unchanged"),
    Verb.REFUSE: _("refused"),
}
DONE = PLANNED | {Verb.CREATE: _("added"), Verb.CHANGE: _("changed")}


@dataclass(frozen=True)
class OutcomeText:
    place: str
    name: str
    verb: Verb
    why: str
    """The reason of a refusal or a note, if there is one."""

    columns: str
    """The names of the columns that are changed."""

    text: str

    @property
    def line(self) -> str:
        return self.place.removeprefix("line ")


def described(prepared: PreparedImport) -> Iterator[OutcomeText]:
    """Yield the outcome of each row, in the order of the import."""
    for batch in prepared.batches.defer("rows", "lines"):
        is_done = prepared.state == State.DONE or batch.number < prepared.next_batch
        for stored in batch.outcomes:
            yield describe(stored, is_done)


def describe(stored: dict[str, Any], is_done: bool) -> OutcomeText:
    verb = Verb(stored["verb"])
    why = refusal_text(stored["why"]) if stored["why"] else ""
    columns = ", ".join(column_label("", column) for column in stored["columns"])
    parts = [str((DONE if is_done else PLANNED)[verb]), columns, why]
    text = ": ".join(filter(None, parts))
    return OutcomeText(stored["place"], stored["name"], verb, why, columns, text)
