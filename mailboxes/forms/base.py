"""What the forms share: an action validates their data, and its refusal is shown in them."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from mailboxes.access.scope import NOTHING, Scope
from mailboxes.actions import rules
from mailboxes.edit_conflicts import EditConflictMixin
from mailboxes.errors import Refused
from mailboxes.formats import error_message
from mailboxes.models import Domain
from mailboxes.queries import domain_names

LINE_BREAK = re.compile(r"\r\n?|\n")


def autofocus(form: forms.BaseForm, first: str = "") -> None:
    """Put the cursor into the first field with an error, or else into the `first` field."""
    wrong = [name for name in form.fields if name in form.errors]
    for name in (wrong or [first] * bool(first) or list(form.fields))[:1]:
        form.fields[name].widget.attrs["autofocus"] = True


class ActionForm(forms.BaseForm):
    """A form whose data an action validates; its refusal is shown beside the field."""

    error_fields = {"password": "new_password1"}
    """The form's fields for those that a refusal names, where they differ."""

    password_fields = ("new_password1", "new_password2")
    """The fields for a new password and its repetition."""

    only_when_new: Sequence[str] = ()
    refusal: Refused | None = None
    """The action's refusal of this form's data, if any."""

    scope: Scope = NOTHING
    """What the administrator may do, which decides what domains are offered."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        instance = getattr(self, "instance", None)
        if instance and not instance._state.adding:
            for name in self.only_when_new:
                self.fields.pop(name, None)
        with_domains = [field for field in self.fields.values() if hasattr(field, "set_domains")]
        if with_domains:
            names, more = domain_names(self.scope.narrow(Domain.objects.all()))
            for field in with_domains:
                field.set_domains(names, more)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if self.refusal and self.refusal.code != "changed":  # the difference is shown instead
            self.add_refusal(self.refusal)
        return data

    def add_refusal(self, error: Refused) -> None:
        field = self.error_fields.get(error.field, error.field)
        message = ValidationError(error_message(error), code=error.code)
        self.add_error(field if field in self.fields else None, message)

    def is_performed(self, action: Callable[..., object], *args: object) -> bool:
        """Run an action; if it is refused, add the error and return False."""
        try:
            action(*args)
        except Refused as error:
            self.add_refusal(error)
            return False
        return True

    def check_repetition(self, data: dict[str, Any]) -> None:
        first, second = self.password_fields
        if data.get(first) != data.get(second):
            self.add_error(second, _("The two passwords don't match."))


def is_untouched(bound: forms.BoundField) -> bool:
    """Say whether a field has the value that was shown, but for a browser's line breaks."""
    shown, widget = bound.field.prepare_value(bound.initial), bound.field.widget
    if isinstance(bound.field, forms.BooleanField):
        return bool(bound.data) == bool(shown)
    if isinstance(widget, forms.MultiWidget):
        parts = enumerate(widget.decompress(shown) or [])
        posted = {f"{bound.html_name}_{number}": part for number, part in parts}
        shown = widget.value_from_datadict(posted, MultiValueDict(), bound.html_name)
    line_break = "\n" if isinstance(widget, forms.Textarea) else ""
    texts = ("" if value is None else str(value) for value in (shown, bound.data))
    return len({LINE_BREAK.sub(line_break, text) for text in texts}) == 1


class NewPasswordForm(ActionForm):
    """A form in which a new password is entered twice."""

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.check_repetition(data)
        return data


class RowForm(EditConflictMixin, ActionForm, forms.ModelForm):
    """A row of the mail tables; what its columns can't store is refused in the action's words."""

    def _clean_fields(self) -> None:
        """Keep what is stored in the fields that were left as they are, valid here or not."""
        super()._clean_fields()  # type: ignore[misc]
        for name in self.untouched():
            self.errors.pop(name, None)
            self.cleaned_data[name] = self.stored_value(name)

    def untouched(self) -> set[str]:
        """Return the names of those fields that have the value with which they were shown."""
        if self.instance._state.adding:
            return set()
        columns = {field.name for field in self.instance._meta.concrete_fields}
        return {name for name in columns & set(self.fields) if is_untouched(self[name])}

    def stored_value(self, name: str) -> object:
        return getattr(self.instance, name)

    def _get_validation_exclusions(self) -> set[str]:
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return found | self.untouched()

    def _update_errors(self, errors: ValidationError) -> None:
        for field, found in errors.error_dict.items():
            self.add_refusal(rules.column_refusal(self.instance, field, found))

    def validate_unique(self) -> None:
        """Check nothing: the action refuses what is taken, and says by what."""
