"""Saving columns of many rows, with few statements."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from mailboxes.models import Alias, Mailbox

PER_STATEMENT, VARYING_PER_STATEMENT = 500, 100
"""How many rows a statement saves, also if their values differ: it tries one after the other."""

FEW_VALUES = 8
"""Up to so many different values are saved with a statement for each, which is the fastest."""


def update_rows(table: Any, rows: Sequence[Any], columns: Sequence[str]) -> None:
    """Save these columns of the rows; a mailbox's own alias gets its state."""
    now = timezone.now()
    for row in rows:
        row.modified = now
    also = ["password_expiry"] if "password" in columns else []
    saved = [*columns, *also, "modified"]
    by_values: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        by_values.setdefault(tuple(getattr(row, name) for name in saved), []).append(row.pk)
    if len(by_values) > FEW_VALUES:
        varying = [name for name in saved if len({getattr(row, name) for row in rows}) > 1]
        table._default_manager.bulk_update(rows, varying, batch_size=VARYING_PER_STATEMENT)
        keys, same = [row.pk for row in rows], set(saved) - set(varying)
        update_keys(table, keys, {name: getattr(rows[0], name) for name in same})
    else:
        for values, keys in by_values.items():
            update_keys(table, keys, dict(zip(saved, values, strict=True)))
    if table is Mailbox and "active" in columns:
        for state in (True, False):
            own = [row.pk for row in rows if row.active == state]
            aliases = Alias.objects.filter(pk__in=own).exclude(active=state)
            aliases.update(active=state, modified=now)


def update_keys(table: Any, keys: Sequence[str], values: dict[str, Any]) -> None:
    for start in range(0, len(keys), PER_STATEMENT):
        part = keys[start : start + PER_STATEMENT]
        table._default_manager.filter(pk__in=part).update(**values)
