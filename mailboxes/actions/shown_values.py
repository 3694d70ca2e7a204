"""What a form showed of a row: it isn't overwritten if others have changed it since."""

from collections.abc import Mapping
from typing import Any

from django.utils.crypto import salted_hmac

from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

COLUMNS: dict[type, tuple[str, ...]] = {
    Domain: (
        *("description", "aliases", "mailboxes", "maxquota", "quota", "active"),
        *("transport", "backupmx"),
    ),
    Mailbox: ("name", "quota", "active", "password"),
    Alias: ("goto", "active"),
    AliasDomain: ("active",),
}
"""The columns that a form changes."""

ShownValues = Mapping[str, Any]
"""Values by column; in place of a password its digest."""

CHANGED = gettext_noop(
    "%(row)s has been changed in the meantime. Nothing was saved. Check the new values."
)


def values_to_show(row: Domain | Mailbox | Alias | AliasDomain) -> ShownValues:
    """Return what a form shows of a row as it was read."""
    values = {column: getattr(row, column) for column in COLUMNS[type(row)]}
    return {name: digest(value) if name == "password" else value for name, value in values.items()}


def digest(stored: str) -> str:
    """Return what tells whether a stored password has changed, and nothing else about it."""
    return salted_hmac("mailboxes.actions.shown_values", stored, algorithm="sha256").hexdigest()


def check_unchanged(row: Domain | Mailbox | Alias | AliasDomain, shown: ShownValues | None) -> None:
    """Lock the row; refuse to overwrite anything but what was shown. None overwrites everything.

    The transaction must not have changed the row yet.
    """
    if shown is None:
        return
    stored = type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
    if stored and values_to_show(stored) != shown:
        raise Refused(CHANGED, {"row": str(row)}, code="changed")
