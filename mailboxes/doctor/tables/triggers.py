"""Triggers of an account that is gone: each change of their table then fails."""

from collections.abc import Iterator

from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.mysql_errors import panel_place
from mailboxes.doctor.mysql_locks import literal
from mailboxes.doctor.remedies import REBUILD_LOOKUPS, Remedy, sql_client
from mailboxes.texts import gettext as _
from mailboxes.texts import join

ORPHANS = """
SELECT trigger_name, event_object_table, definer FROM information_schema.triggers
WHERE trigger_schema = '{database}' AND BINARY definer NOT IN
(SELECT BINARY CONCAT(user, '@', host) FROM mysql.user) ORDER BY 1
"""


def examine(examination: Examination, deadline: float) -> Iterator[Finding]:
    """Only the server's administrator sees which accounts there are."""
    database = examination.host.database
    if database.engine == "sqlite" or not examination.access.sees_all:
        return
    place = panel_place()
    if not place.is_local:
        return
    sql = ORPHANS.format(database=literal(database.name))
    client = [*sql_client(place).split(), "--batch", "--skip-column-names", f"--execute={sql}"]
    rows = [line.split("\t") for line in examination.access.run(client).stdout.splitlines()]
    orphans = [row for row in rows if len(row) == 3]
    if not orphans:
        return
    names = ", ".join(sorted({table for _name, table, _definer in orphans}))
    seen = _(
        "The tables %(names)s can't be changed: their triggers belong to an account that no longer "
        "exists."
    )
    advice = _("Create that account again, or the triggers with another one (DEFINER).")
    is_ours = all(name.startswith("lookup_") for name, _table, _definer in orphans)
    remedy = REBUILD_LOOKUPS if is_ours else Remedy(advice)
    lines = [f"{name}: {definer}" for name, _table, definer in orphans]
    yield broken("tables.triggers", seen % {"names": names}, remedy, join("\n", lines[:10]))
