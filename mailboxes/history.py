"""Who changed what, from what to what: the log of the admin, with values."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.models import LogEntry
from django.forms import BaseForm
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from mailboxes.formats import size

LONGEST = 200
UNTOLD = "new_password"
STATES = {"True": gettext_lazy("yes"), "False": gettext_lazy("no")}


def changes(form: BaseForm) -> list[dict[str, Any]]:
    """Return what a form changed, as the log keeps it: labels, and values but for passwords.

    The stock admin reads the part `changed`; the part `values` is ours.
    """
    with override("en"):
        values = {
            label(form, name): [] if name.startswith(UNTOLD) else before_and_after(form, name)
            for name in form.changed_data
        }
    return [{"changed": {"fields": list(values)}, "values": values}] if values else []


def label(form: BaseForm, name: str) -> str:
    field = form.fields[name]
    if name.startswith(UNTOLD):
        return "Password"
    return capfirst(str(field.label or name))


def before_and_after(form: BaseForm, name: str) -> list[Any]:
    kept = getattr(form.fields[name], "kept", words)
    return [kept(form.initial.get(name)), kept(form.cleaned_data.get(name))]


def changed(label: str, before: Any, after: Any) -> list[dict[str, Any]]:
    """Return what the log keeps of one change that no form has made."""
    return [{"changed": {"fields": [label]}, "values": {label: [before, after]}}]


def said(value: Any) -> str:
    if isinstance(value, dict):
        return size(value["bytes"]) if value["bytes"] >= 0 else _("switched off")
    return str(STATES.get(value, value))


def words(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return str("" if value is None else value).replace("\n", ", ")[:LONGEST]


def told(entry: LogEntry) -> Iterator[tuple[str, str, str]]:
    """Yield label, old and new value of each change that the entry keeps values of."""
    try:
        kept = json.loads(entry.change_message)
    except ValueError:
        return
    for part in kept if isinstance(kept, list) else []:
        for name, values in part.get("values", {}).items():
            before, after = map(said, values or ("", ""))
            yield translated(name), before, after


def message(entry: LogEntry) -> str:
    """Return what the stock admin says of an entry, or what the panel has written itself."""
    text = entry.get_change_message()
    return _(text) if text else ""


def translated(name: str) -> str:
    """Translate a label; Django has made its first letter a capital."""
    known = _(name)
    return known if known != name else capfirst(_(name[:1].lower() + name[1:]))
