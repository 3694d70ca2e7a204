"""Errors whose sentence can be said in another language, by whoever shows them."""

from typing import Any


def gettext_noop(text: str) -> str:
    """Mark a text for translation, where Django is not known."""
    return text


class Sentence(ValueError):
    """An error with its sentence and what stands in its places; str() says it in English."""

    def __init__(self, sentence: str, /, **values: Any) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values


class Refused(ValueError):
    """A deed that the rules of the tables forbid; `field` names what it was about."""

    def __init__(self, message: str, field: str = "address") -> None:
        super().__init__(message)
        self.field = field
