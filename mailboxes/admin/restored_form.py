"""A form that shows again what was typed into it before the session ended."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _

from mailboxes import edit_conflicts, sessions


class RestoresForm(admin.ModelAdmin):
    """The stock admin; after signing in again, the form is as it was, and nothing is saved yet."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: object
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        typed = sessions.take_form(request)
        return form if typed is None else with_typed(form, typed)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if sessions.take_form(request) is not None:
            text = _(
                "Your session had ended, so nothing has been saved yet. Your entries are shown "
                "below, except for passwords. Check them and save again."
            )
            self.message_user(request, text, messages.WARNING)
        context[sessions.OPENED_BY] = sessions.opened_by(request)
        return super().render_change_form(request, context, *args, **kwargs)


def with_typed(form: Any, typed: QueryDict) -> Any:
    """Return the form class with other initial values, and with what was shown before."""

    class Restored(form):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for name, field in self.fields.items():
                if not isinstance(field.widget, forms.PasswordInput):
                    key = self.add_prefix(name)
                    self.initial[name] = field.widget.value_from_datadict(typed, {}, key)

        @property
        def signed_values(self) -> str:
            """What was shown when the page was opened, not what is stored by now."""
            return str(typed.get(edit_conflicts.FIELD) or getattr(super(), "signed_values", ""))

    return Restored
