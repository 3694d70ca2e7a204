"""Column types as PostfixAdmin has them, whichever database holds them."""

from datetime import datetime
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups
from django.utils.translation import gettext_lazy as _

NOTHING = "\x1a"
"""A text that no row holds."""


def ascii_or_nothing(value: Any) -> Any:
    """Look for nothing where other letters are asked for: MariaDB answers them with an error.

    It is "Illegal mix of collations" (1267), since no latin1 column can hold such a text.
    """
    return NOTHING if isinstance(value, str) and not value.isascii() else value


class Collated:
    """A text column with a collation of its own on each kind of database."""

    collations: dict[str, str]

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)  # type: ignore[misc]
        return {**parameters, "collation": self.collations.get(connection.vendor)}


class Ascii(Collated):
    """Letter case does not count, as Postfix folds it before a look-up."""

    collations = {"mysql": "latin1_general_ci", "sqlite": "NOCASE"}

    def get_prep_value(self, value: Any) -> Any:
        return ascii_or_nothing(super().get_prep_value(value))  # type: ignore[misc]

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        if isinstance(value, str) and not value.isascii():
            raise ValueError(f"{value!r} cannot be stored: the column holds ASCII only.")
        return super().get_db_prep_save(value, connection)  # type: ignore[misc]


class AddressField(Ascii, models.CharField):
    """varchar(255), ASCII."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 255, **kwargs})


class LongAddressField(Ascii, models.TextField):
    """text, ASCII: addresses separated by commas."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "text" if connection.vendor == "mysql" else super().db_type(connection)


class AsciiPattern:
    """A look-up by LIKE or REGEXP, whose right side Django does not show to the field."""

    def get_prep_lookup(self) -> Any:
        return ascii_or_nothing(super().get_prep_lookup())  # type: ignore[misc]


for lookup in (
    lookups.Contains,
    lookups.IContains,
    lookups.StartsWith,
    lookups.IStartsWith,
    lookups.EndsWith,
    lookups.IEndsWith,
    lookups.Regex,
    lookups.IRegex,
):
    for column in (AddressField, LongAddressField):
        column.register_lookup(type(f"Ascii{lookup.__name__}", (AsciiPattern, lookup), {}))


class WordsField(Collated, models.CharField):
    """varchar(255) for words of any language."""

    collations = {"mysql": "utf8mb4_general_ci", "sqlite": "NOCASE"}
    default_validators = [
        RegexValidator(
            "[\x00-\x1f\x7f-\x9f\ud800-\udfff]",
            _("There is a control character or a byte that is no UTF-8 in it."),
            inverse_match=True,
        )
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 255, **kwargs})


class SecondsField(models.DateTimeField):
    """datetime without fractions: MySQL would round them up into the future."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "datetime" if connection.vendor == "mysql" else super().db_type(connection)

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return value.replace(microsecond=0) if isinstance(value, datetime) else value
