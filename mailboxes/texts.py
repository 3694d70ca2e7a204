"""Texts in the reader's language that can be stored, and shown in another reader's language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from django.utils import translation
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime

Source = str | dict[str, Any]
"""What is stored of a text: itself, or what it is made from."""


class Text(str):
    """A translated text that knows what it was made from."""

    source: dict[str, Any]

    @classmethod
    def of(cls, text: str, source: dict[str, Any]) -> Self:
        made = cls(text)
        made.source = source
        return made

    def __mod__(self, params: Mapping[str, Any]) -> "Text":
        values = {name: source(value) for name, value in params.items()}
        return Text.of(super().__mod__(params), self.source | {"params": values})


def gettext(message: str) -> str:
    return Text.of(translation.gettext(message), {"message": message})


def ngettext(singular: str, plural: str, number: int) -> str:
    found = {"message": singular, "plural": plural, "number": number}
    return Text.of(translation.ngettext(singular, plural, number), found)


def translated(message: str | Promise) -> str:
    """Return a lazy message as a text of the reader's language."""
    return (
        Text.of(str(message), source(message)) if isinstance(message, Promise) else gettext(message)
    )


def date(moment: datetime) -> str:
    """Return a date and time as the reader's language writes them."""
    text = date_format(localtime(moment), "DATETIME_FORMAT")
    return Text.of(text, {"date": moment.isoformat()})


def join(separator: str, parts: Sequence[str]) -> str:
    found = {"separator": separator, "parts": [source(part) for part in parts]}
    return Text.of(separator.join(parts), found)


def source(text: Any) -> Any:
    """Return what can be stored of a text. A lazy one is a message without parameters."""
    if isinstance(text, Text):
        return text.source
    if isinstance(text, Promise):
        with translation.override(None):
            return {"message": str(text)}
    return text if isinstance(text, int) else str(text)


def from_source(stored: Source) -> str:
    """Return a stored text in the language of its reader now."""
    if not isinstance(stored, dict):
        return str(stored)
    if "date" in stored:
        return date(datetime.fromisoformat(stored["date"]))
    if "parts" in stored:
        return join(stored["separator"], [from_source(part) for part in stored["parts"]])
    if "plural" in stored:
        text = ngettext(stored["message"], stored["plural"], stored["number"])
    else:
        text = gettext(stored["message"]) if stored["message"] else Text.of("", stored)
    return text % params_of(stored["params"]) if "params" in stored else text


def params_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if isinstance(value, int) else from_source(value)
        for name, value in stored.items()
    }
