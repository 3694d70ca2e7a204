"""Flags in other programs' columns: numbers, bits, or an ENUM such as ('N', 'Y').

MySQL compares an ENUM with a number by its place: `active = 1` is true of 'N' in ('N', 'Y'), and
`active = 0` of neither. So their text is compared, in SQL and in Python alike.
"""

import re
from typing import Any

FALSE = ("", "0", "f", "false", "n", "no", "off", "disabled", "inactive")
CONDITION = re.compile(r"\{(on|off) ([\w.]+)\}")


def is_true(value: Any) -> bool:
    """Return whether a value means yes; a BIT is bytes, NULL means no."""
    if isinstance(value, bytes | bytearray):
        value = value.decode(errors="replace")
    return value is not None and str(value).strip(" \x00").lower() not in FALSE


def with_conditions(sql: str) -> str:
    """Return a statement whose {on column} and {off column} are written out."""
    return CONDITION.sub(lambda found: condition(found[1] == "on", found[2]), sql)


def condition(wanted: bool, column: str) -> str:
    """Return the condition that a column means yes or no, as `is_true` does.

    The bytes of the text are compared: to a collation, that of a BIT of 1 is as good as empty.
    """
    names = ", ".join(f"'{name.encode().hex().upper()}'" for name in (*FALSE, "\x00"))
    found = f"COALESCE(HEX(LOWER(TRIM(CAST({column} AS CHAR)))), '')"
    return f"{found} {'NOT ' * wanted}IN ({names})"
