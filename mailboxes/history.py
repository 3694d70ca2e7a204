"""The admin log with old and new values."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.forms import BaseForm
from django.utils.text import capfirst
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from mailboxes.formats import size

MAX_LENGTH = 200
PASSWORD_FIELDS = "new_password"  # noqa: S105 (the start of the fields' names)
YES_NO = {"True": _("yes"), "False": _("no")}

Values = dict[str, list[Any]]


def form_changes(form: BaseForm) -> list[dict[str, Any]]:
    """Return a form's changes for the log: labels, and all values except passwords.

    The stock admin reads the key `changed`; the key `values` is ours.
    """
    with override("en"):
        values = {field_label(form, name): field_values(form, name) for name in form.changed_data}
    return change_message(values) if values else []


def change_message(values: Values) -> list[dict[str, Any]]:
    """Return the log's message for changes, given as label: [old value, new value]."""
    return [{"changed": {"fields": list(values)}, "values": values}]


def size_value(count: int) -> dict[str, int]:
    """Return a size as the log stores it, to be formatted in the reader's language."""
    return {"bytes": int(count)}


def field_label(form: BaseForm, name: str) -> str:
    if name.startswith(PASSWORD_FIELDS):
        return "Password"
    return capfirst(str(form.fields[name].label or name))


def field_values(form: BaseForm, name: str) -> list[Any]:
    """Return the old and the new value; nothing for a password."""
    if name.startswith(PASSWORD_FIELDS):
        return []
    log_value = getattr(form.fields[name], "log_value", text_value)
    return [log_value(form.initial.get(name)), log_value(form.cleaned_data.get(name))]


def text_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return str("" if value is None else value).replace("\n", ", ")[:MAX_LENGTH]


def entry_changes(entry: LogEntry) -> Iterator[tuple[str, str, str]]:
    """Yield label, old and new value of each change in an entry, in the reader's language."""
    try:
        message = json.loads(entry.change_message)
    except ValueError:
        return
    for part in message if isinstance(message, list) else []:
        for label, values in part.get("values", {}).items():
            before, after = map(display_value, values or ("", ""))
            yield translate_label(label), before, after


def display_value(value: Any) -> str:
    if isinstance(value, dict):
        return size(value["bytes"]) if value["bytes"] >= 0 else gettext("switched off")
    return str(YES_NO.get(value, value))


def translate_label(label: str) -> str:
    """Translate a label, whose first letter Django has capitalised."""
    known = gettext(label)
    return known if known != label else capfirst(gettext(label[:1].lower() + label[1:]))


def entry_message(entry: LogEntry) -> str:
    """Return the stock admin's message of an entry, or the panel's own, translated."""
    text = entry.get_change_message()
    return gettext(text) if text else ""
