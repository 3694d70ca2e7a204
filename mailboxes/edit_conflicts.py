"""Forms that show what others have changed since the form was opened, instead of overwriting it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.timesince import timesince
from django.utils.timezone import now
from django.utils.translation import gettext as _

from mailboxes.actions.shown_values import ShownValues, values_to_show
from mailboxes.audit import entries, wording
from mailboxes.audit.entries import Logged
from mailboxes.audit.models import Phase

FIELD = "shown"
"""The hidden field with the values that the form showed, signed."""

MAX_ENTRIES = 20
"""How many of the row's latest entries are searched for who has changed a value."""


class EditConflictMixin(forms.BaseModelForm):
    """Refuses to save over values that were never shown; saving again does it knowingly.

    A form without the hidden field overwrites, as a script would that has never read the page.
    """

    logged_model = ""
    """What the log calls the model, if it isn't the model's own name."""

    shown_values: ShownValues | None = None
    """What was shown when the form was opened, for the action to compare once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = {} if self.instance._state.adding else self.read_values()

    def read_values(self) -> ShownValues:
        """Return the values as they are stored now; validation hasn't changed the instance yet."""
        return values_to_show(self.instance)

    @property
    def signed_values(self) -> str:
        """What the hidden field contains."""
        if not self.stored:
            return ""
        values = {"key": str(self.instance.pk), "values": self.stored}
        return signing.dumps(values, salt=__name__, compress=True)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.stored and FIELD in self.data:
            self.compare(self.data[FIELD])
        return data

    def compare(self, token: str) -> None:
        try:
            found = signing.loads(token, salt=__name__)
        except signing.BadSignature:
            found = {}
        if found.get("key") != str(self.instance.pk):
            text = _("This page is out of date. Check the values and save again.")
            self.add_error(None, ValidationError(text, code="out_of_date"))
            return
        self.shown_values = found["values"]
        if self.shown_values != self.stored:
            self.add_differences(self.shown_values)

    def add_differences(self, shown: ShownValues) -> None:
        text = _(
            "%(row)s has been changed since you opened this page. Your entries are kept below. To "
            "overwrite the other changes with them, save again."
        )
        text %= {"row": self.instance}
        self.add_error(None, ValidationError(text, code="changed"))
        model = self.logged_model or str(self.instance._meta.model_name)
        for column, text in differences(model, str(self.instance), shown, self.stored):
            field = column if column in self.fields and column != "password" else None
            label = "" if field else f"{wording.column_label(model, column)}: "
            self.add_error(field, ValidationError(f"{label}{text}", code="changed"))


def differences(
    model: str, name: str, shown: ShownValues, stored: ShownValues
) -> Iterator[tuple[str, str]]:
    """Yield each column that has changed, and a sentence about it."""
    logged = entries.read(list(entries.of_object(model, name)[:MAX_ENTRIES]), [name])
    for column, after in stored.items():
        if column not in shown or shown[column] != after:
            values = (shown.get(column), after)
            yield column, difference(model, column, values, find_change(logged, column, after))


def find_change(logged: list[Logged], column: str, after: Any) -> Logged | None:
    """Return the entry that has set a column to this value, if it is the column's latest one."""
    for one in logged:
        row = one.first
        changes: Mapping[str, Any] = row.changes if row and not row.refusal else {}
        if column in changes and one.outcome in (Phase.DONE, Phase.CHANGE):
            is_it = column == "password" or changes[column][1] == after
            return one if is_it else None
    return None


def difference(model: str, column: str, values: tuple[Any, Any], logged: Logged | None) -> str:
    before, after = (wording.column_text(model, column, value) or _("(empty)") for value in values)
    params = {"before": before, "after": after}
    if logged:
        time = min(logged.entry.at, now() - timedelta(minutes=1))  # not “0 minutes ago”
        params |= {"actor": logged.entry.actor, "time": timesince(time, depth=1)}
    if column == "password" and logged:
        text = _("changed by %(actor)s, %(time)s ago.")
    elif column == "password":
        text = _("changed.")
    elif logged:
        text = _("“%(before)s” was changed to “%(after)s” by %(actor)s, %(time)s ago.")
    else:
        text = _("“%(before)s” was changed to “%(after)s”.")
    return text % params
