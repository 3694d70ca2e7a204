"""What the database server says of the mail tables: engines, collations, the account's rights."""

from collections.abc import Iterator

from django.db import connections
from django.utils.translation import gettext_lazy as _

from mailboxes import storage_engines
from mailboxes.collations import KEYS, collations
from mailboxes.errors import Refused
from mailboxes.inspection import definitions, rights
from mailboxes.inspection.lines import Line


def refusals() -> list[Refused]:
    """Return why rows can't be changed safely, or not stored."""
    return [*storage_engines.refusals(), *definitions.refusals(), *rights.refusals()]


def lines() -> Iterator[Line]:
    """Yield what differs between servers; SQLite has neither of these."""
    if connections["mail"].vendor != "mysql":
        return
    found = list(dict.fromkeys(name for column, name in collations().items() if column in KEYS))
    note = _("Joins of columns with different collations can fail (error 1267).")
    text = ", ".join(found)
    yield Line("collations", _("Collations of the keys"), text, note if len(found) > 1 else "")
    missing = rights.missing()
    granted = [right for right in rights.STATEMENTS if right not in missing]
    yield Line("rights", _("Privileges of the panel's account"), ", ".join(granted))
    if missing:
        yield Line(
            "missing_rights", _("Missing privileges"), ", ".join(map(right_text, missing.items()))
        )


def right_text(missing: tuple[str, list[str]]) -> str:
    """Return a right with the tables on which it is missing, if not on all."""
    right, names = missing
    return right if len(names) == len(rights.MODELS) else f"{right} ({', '.join(names)})"
