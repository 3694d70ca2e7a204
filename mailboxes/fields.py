"""PostfixAdmin's column types, on each kind of database."""

from datetime import datetime
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups
from django.utils.translation import gettext_lazy as _

NO_MATCH = "\x1a"
"""A value that no row contains."""


def ascii_or_no_match(value: object) -> object:
    """Replace text that the column can't contain, since MariaDB fails when it searches for it.

    The error is "Illegal mix of collations" (1267): the column is latin1.
    """
    return NO_MATCH if isinstance(value, str) and not value.isascii() else value


class CollationMixin:
    """A text column with its own collation on each kind of database."""

    collations: dict[str, str]

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)  # type: ignore[misc]
        return {**parameters, "collation": self.collations.get(connection.vendor)}


class AsciiMixin(CollationMixin):
    """Case-insensitive ASCII, since Postfix folds the case of a lookup key."""

    collations = {"mysql": "latin1_general_ci", "sqlite": "NOCASE"}

    def get_prep_value(self, value: object) -> object:
        return ascii_or_no_match(super().get_prep_value(value))  # type: ignore[misc]

    def get_db_prep_save(self, value: object, connection: BaseDatabaseWrapper) -> object:
        if isinstance(value, str) and not value.isascii():
            raise ValueError("The column only stores ASCII.")
        return super().get_db_prep_save(value, connection)  # type: ignore[misc]


class AddressField(AsciiMixin, models.CharField):
    """varchar(255), ASCII."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 255, **kwargs})


class AddressListField(AsciiMixin, models.TextField):
    """text, ASCII: addresses separated by commas."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "text" if connection.vendor == "mysql" else super().db_type(connection)


class AsciiPatternMixin:
    """A lookup with LIKE or REGEXP, whose right-hand side Django doesn't pass to the field."""

    def get_prep_lookup(self) -> object:
        return ascii_or_no_match(super().get_prep_lookup())  # type: ignore[misc]


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
    for column in (AddressField, AddressListField):
        column.register_lookup(type(f"Ascii{lookup.__name__}", (AsciiPatternMixin, lookup), {}))


class UnicodeField(CollationMixin, models.CharField):
    """varchar(255) for text in any language."""

    collations = {"mysql": "utf8mb4_general_ci", "sqlite": "NOCASE"}
    default_validators = [
        RegexValidator(
            "[\x00-\x1f\x7f-\x9f\ud800-\udfff]",
            _("Control characters and invalid UTF-8 are not allowed."),
            inverse_match=True,
        )
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 255, **kwargs})


class WholeSecondField(models.DateTimeField):
    """datetime without fractions of a second, which MySQL would round up into the future."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "datetime" if connection.vendor == "mysql" else super().db_type(connection)

    def get_prep_value(self, value: object) -> object:
        value = super().get_prep_value(value)
        return value.replace(microsecond=0) if isinstance(value, datetime) else value
