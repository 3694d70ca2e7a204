"""The hop `tables`: each part in turn, within a limited time."""

import time
from collections.abc import Callable, Iterator

from django.db import DatabaseError

from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, not_checked
from mailboxes.doctor.tables import (
    aliases,
    definitions,
    domains,
    empty_views,
    folders,
    mailboxes,
    triggers,
)
from mailboxes.formats import database_message
from mailboxes.texts import gettext as _

MAILBOXES, ALL = 2.4, 4.0
"""How many seconds may pass until the mailboxes are read, and until everything is."""

Part = Callable[[Examination, float], Iterator[Finding]]
PARTS: tuple[tuple[str, Part, float], ...] = (
    ("definitions", definitions.examine, ALL),
    ("triggers", triggers.examine, ALL),
    ("views", empty_views.examine, ALL),
    ("domains", domains.examine, MAILBOXES),
    ("mailboxes", mailboxes.examine, MAILBOXES),
    ("aliases", aliases.examine, ALL),
    ("folders", folders.examine, ALL),
)


def examine(examination: Examination) -> Iterator[Finding]:
    """Yield what is wrong with the tables, and which parts of them are in order."""
    if not examination.reads_tables:
        reason = _("The panel can't read the database, so the tables weren't checked.")
        yield not_checked("tables", reason)
        return
    start = time.monotonic()
    for code, part, seconds in PARTS:
        try:
            for finding in part(examination, start + seconds):
                yield finding
                if finding.code == empty_views.HIDDEN:
                    return
        except DatabaseError as error:
            seen = _("A table can't be read: %(error)s.") % {"error": database_message(error)}
            yield not_checked(f"tables.{code}", seen)
            return
