"""PostfixAdmin's column types, on each kind of database."""

from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from django.core.validators import RegexValidator
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
NO_MATCH = "\x1a"
"""A value that no row contains."""

ASCII = {"mysql": "latin1_general_ci", "sqlite": "NOCASE"}
CODECS = {"latin1": "cp1252", "utf8mb3": "utf-8", "utf8mb4": "utf-8", "": "utf-8"}
"""Python's names for MySQL's character sets, where they differ; SQLite has no others."""

Charsets = dict[tuple[str, str], str]
SESSIONS: WeakKeyDictionary[Any, Charsets] = WeakKeyDictionary()
"""What each session with a server has asked: a table may be converted while the panel runs."""


def can_contain(field: models.Field, value: object, connection: BaseDatabaseWrapper) -> bool:
    """Say whether the column can contain this text.

    If not, MariaDB fails when it stores or compares them: "Incorrect string value" (1366) and
    "Illegal mix of collations" (1267). Ours are latin1 and utf8mb4; other programs have created
    columns with any character set.
    """
    if not isinstance(value, str) or value.isascii():
        return True
    name = charset(field, connection) if connection.vendor == "mysql" else ""
    if name in ("utf8", "utf8mb3") and max(value) > "\uffff":
        return False
    try:
        value.encode(CODECS.get(name, name))
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def charset(field: models.Field, connection: BaseDatabaseWrapper) -> str:
    """Return MySQL's name for the character set of a column."""
    column = (field.model._meta.db_table, str(field.column))
    connection.ensure_connection()
    found = SESSIONS.setdefault(connection.connection, {})
    if column not in found:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT CHARACTER_SET_NAME FROM information_schema.COLUMNS "
                "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND COLUMN_NAME = %s",
                column,
            )
            found[column] = next(iter(cursor.fetchone() or ()), None) or "ascii"
    return found[column]


class NullMixin:
    """A column that contains NULL in tables of others, which is read as the default."""

    def from_db_value(self, value: object, *_: object) -> object:
        return self.get_default() if value is None else value  # type: ignore[attr-defined]


class TextMixin(NullMixin):
    """A text column with its own collation on each kind of database."""

    collations: dict[str, str]

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)  # type: ignore[misc]
        return {**parameters, "collation": self.collations.get(connection.vendor)}

    def get_db_prep_value(
        self, value: object, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> object:
        """Return what the column is compared with."""
        value = super().get_db_prep_value(value, connection, prepared)  # type: ignore[misc]
        return value if can_contain(self, value, connection) else NO_MATCH  # type: ignore[arg-type]

    def get_db_prep_save(self, value: object, connection: BaseDatabaseWrapper) -> object:
        """Return the value itself, which the database refuses if the column can't contain it."""
        is_expression = hasattr(value, "as_sql")
        return value if is_expression else super().get_db_prep_value(value, connection)  # type: ignore[misc]


class AddressField(TextMixin, models.CharField):
    """varchar(255), ASCII; case-insensitive, since Postfix folds the case of a lookup key."""

    collations = ASCII

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 255, **kwargs})

    def get_db_prep_save(self, value: object, connection: BaseDatabaseWrapper) -> object:
        if isinstance(value, str) and not value.isascii():
            raise ValueError("The column only stores ASCII.")
        return super().get_db_prep_save(value, connection)


class AddressListField(TextMixin, models.TextField):
    """text: addresses separated by commas. Ours are ASCII; those of other programs are kept."""

    collations = ASCII

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "text" if connection.vendor == "mysql" else super().db_type(connection)


class UnicodeField(TextMixin, models.CharField):
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


class ComparablePatternMixin:
    """A lookup with LIKE or REGEXP, whose right-hand side Django doesn't pass to the field."""

    def get_db_prep_lookup(self, value: object, connection: BaseDatabaseWrapper) -> Any:
        field = self.lhs.output_field  # type: ignore[attr-defined]
        value = value if can_contain(field, value, connection) else NO_MATCH
        return super().get_db_prep_lookup(value, connection)  # type: ignore[misc]


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
    for column in (AddressField, AddressListField, UnicodeField):
        name = f"Comparable{lookup.__name__}"
        column.register_lookup(type(name, (ComparablePatternMixin, lookup), {}))


@AddressField.register_lookup
class AddressIn(lookups.In):
    """One of many addresses; Django prepares each by itself, which takes three times as long."""

    def get_prep_lookup(self) -> Any:
        return self.rhs if is_plain(self.rhs) else super().get_prep_lookup()

    def process_rhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        if is_plain(self.rhs):
            return f"({', '.join(['%s'] * len(self.rhs))})", self.rhs
        return super().process_rhs(compiler, connection)


def is_plain(values: object) -> bool:
    """Say whether this is a list of ASCII text, which is used as it is."""
    return isinstance(values, list) and {*map(type, values)} == {str} and "".join(values).isascii()


class NumberField(NullMixin, models.BigIntegerField):
    """bigint."""


class StateField(models.BooleanField):
    """tinyint(1), which the daemons' queries compare with 1: any other number means disabled."""

    def from_db_value(self, value: object, *_: object) -> bool:
        return value == 1


@StateField.register_lookup
class StateExact(lookups.Exact):
    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        column, params = self.process_lhs(compiler, connection)
        if self.rhs_is_direct_value():
            return f"COALESCE({column}, 0) {'=' if self.rhs else '<>'} 1", params
        other, others = self.process_rhs(compiler, connection)
        return f"(COALESCE({column}, 0) = 1) = (COALESCE({other}, 0) = 1)", [*params, *others]


class WholeSecondField(models.DateTimeField):
    """datetime without fractions of a second, which MySQL would round up into the future.

    A date of zeros, which old versions of MySQL allowed, is read as PostfixAdmin's default.
    """

    def from_db_value(self, value: datetime | None, *_: object) -> datetime:
        return value or LONG_AGO

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "datetime" if connection.vendor == "mysql" else super().db_type(connection)

    def get_prep_value(self, value: object) -> object:
        value = super().get_prep_value(value)
        return value.replace(microsecond=0) if isinstance(value, datetime) else value
