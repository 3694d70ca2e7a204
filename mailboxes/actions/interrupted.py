"""Finding out what became of actions whose end was never logged, such as after a crash.

Of those that change both databases, the panel's own half is made up for.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from mailboxes.actions import domain_renaming, renaming
from mailboxes.audit.entries import RENAMED
from mailboxes.audit.log import end
from mailboxes.audit.models import OpenEntry, Phase, Subject
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

PATIENCE = timedelta(minutes=5)
"""An action that began this long ago is no longer running."""

MODEL_CLASSES: dict[str, type[Domain | Mailbox | Alias | AliasDomain]] = {
    str(model._meta.model_name): model for model in (Domain, Mailbox, Alias, AliasDomain)
}
APPLIED, NOT_APPLIED, UNDETERMINED = "done", "not done", "unknown"


def settle_open_entries() -> int:
    """Compare each action that was cut off with its rows, and log the result; return how many."""
    started_before = timezone.now() - PATIENCE
    found = OpenEntry.objects.filter(entry__at__lt=started_before).select_related("entry")
    count = 0
    for open_entry in found.order_by("pk"):
        entry = open_entry.entry
        subjects = list(entry.subjects.order_by("pk"))
        outcomes = [
            compare_subject(entry.action.rpartition(".")[2], subject) for subject in subjects
        ]
        with transaction.atomic(using="default"):
            if entry.action in ("mailbox.rename", "domain.rename") and outcomes[0] == APPLIED:
                complete_renaming(subjects)
            end(entry, Phase.SETTLED, count_outcomes(outcomes))
        count += 1
    return count


def complete_renaming(subjects: Sequence[Subject]) -> None:
    """Rename in the panel's own database, unless the old name has become somebody else's."""
    renamed, names = subjects[0], [(one.model, one.name) for one in subjects]
    [(old, new)] = [renamed.changes[RENAMED[renamed.model]]]
    is_taken = MODEL_CLASSES[renamed.model]._default_manager.filter(pk=old).exists()
    if renamed.model == "domain":
        keeps_old = ("aliasdomain", old) in names
        if keeps_old == is_taken:
            domain_renaming.rename_in_panel(old, new, keeps_old)
    elif not is_taken:
        renaming.rename_in_panel(old, new)


def count_outcomes(outcomes: list[str]) -> str:
    """Return how many changes took place, did not, and can't be determined, for `audit.wording`."""
    return " ".join(str(outcomes.count(name)) for name in (APPLIED, NOT_APPLIED, UNDETERMINED))


def compare_subject(verb: str, subject: Subject) -> str:
    """Compare what was to be changed with the row as it is now."""
    model = MODEL_CLASSES.get(subject.model)
    row = model._default_manager.filter(pk=subject.name).first() if model else None
    if verb in ("create", "delete"):
        return APPLIED if (row is not None) == (verb == "create") else NOT_APPLIED
    if verb == "rename":
        return compare_renamed(model, row, subject)
    values = {
        column: pair for column, pair in subject.changes.items() if pair and hasattr(row, column)
    }
    if row is None or not values:
        return UNDETERMINED
    return compare_values(row, values)


def compare_renamed(model: Any, row: Any, subject: Subject) -> str:
    """Compare an object by its new name, and what forwards to it by its target."""
    followed = next((name for name in ("goto", "target_domain") if name in subject.changes), "")
    if followed:
        is_applied = row is not None and getattr(row, followed) == subject.changes[followed][1]
    else:
        _old, new = subject.changes.get(RENAMED.get(subject.model, ""), ["", subject.name])
        is_applied = model._default_manager.filter(pk=new).exists()
    return APPLIED if is_applied else NOT_APPLIED


def compare_values(row: Any, values: dict[str, list[Any]]) -> str:
    if all(getattr(row, column) == after for column, (_before, after) in values.items()):
        return APPLIED
    if all(getattr(row, column) == before for column, (before, _after) in values.items()):
        return NOT_APPLIED
    return UNDETERMINED
