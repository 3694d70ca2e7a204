"""Refusals: one kind of error, whose message is translated where it is shown."""

from collections.abc import Mapping
from typing import Any


def gettext_noop(message: str) -> str:
    """Mark a message for translation in a module that doesn't depend on Django."""
    return message


class Term(str):
    """A param of a refusal that is translated where it is shown, such as a column's name."""


class Refused(ValueError):
    """Something can't be done, and nothing has been changed.

    Like Django's ValidationError, it keeps the message separate from its params. The message is in
    English and marked with `gettext_noop`; `formats.error_message` translates it, str() doesn't.
    `field` is the name of the form field or column concerned, if any.
    """

    def __init__(
        self,
        message: str,
        params: Mapping[str, Any] | None = None,
        *,
        code: str = "invalid",
        field: str = "",
    ) -> None:
        super().__init__(message, params)
        self.message = message
        self.params = params or {}
        self.code = code
        self.field = field

    def __str__(self) -> str:
        params = {name: replace_unprintable(value) for name, value in self.params.items()}
        return self.message % params if params else self.message


def joined(first: Refused, second: Refused) -> Refused:
    """Return both as one, such as two notes about the same row."""
    return Refused("%(first)s %(second)s", {"first": first, "second": second}, code=second.code)


def replace_unprintable(value: Any) -> Any:
    """Replace characters that could break a line or a terminal; return other values unchanged."""
    if not isinstance(value, str):
        return value
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value
    )
