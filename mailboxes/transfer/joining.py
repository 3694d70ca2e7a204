"""One alias from the records of its targets, wherever in the file they are."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailboxes.actions.imports.rows import AliasRow, ImportRow, Unreadable
from mailboxes.errors import gettext_noop

CONTRADICTION = gettext_noop(
    "This line and line %(other)s are about the same alias, but one is active and the other isn't."
)


def join_aliases(rows: Iterable[ImportRow]) -> Iterator[ImportRow]:
    """Yield the other rows at once, then the aliases, each under the place of its first record."""
    aliases: dict[str, AliasRow] = {}
    for row in rows:
        if not isinstance(row, AliasRow):
            yield row
            continue
        key = row.address.lower()
        first = aliases.get(key)
        if first is None:
            aliases[key] = row
        elif first.active != row.active:
            first_line = first.place.removeprefix("line ")
            yield Unreadable(row.place, row.address, CONTRADICTION, {"other": first_line})
        else:
            targets = tuple(dict.fromkeys((*first.targets, *row.targets)))
            aliases[key] = replace(first, targets=targets)
    yield from aliases.values()
