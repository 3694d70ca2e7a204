"""What the ground floor says, in the language of whoever reads it."""

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mailboxes.errors import Sentence
from mailboxes.sizes import format_size


def translated(error: Exception) -> str:
    """Return the error's sentence; that of another kind of error as it stands."""
    if not isinstance(error, Sentence):
        return str(error)
    sentence = _(error.sentence)
    return sentence % error.values if error.values else sentence


def size(count: int) -> str:
    """Return bytes as a person reads them; 0 is no limit."""
    if count <= 0:
        return _("no limit")
    number, unit = format_size(count).split(" ")
    return f"{number_format(Decimal(number))} {_(unit)}"


def kept_size(count: int) -> dict[str, int]:
    """Return how the history keeps a number of bytes, to be said in the language of its reader."""
    return {"bytes": count}
