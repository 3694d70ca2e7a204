"""Why the temporary mailbox can't be created, though the database can be read."""

import re

from django.db import DatabaseError

from mailboxes.conf import DatabaseHost
from mailboxes.doctor import mysql_locks
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken
from mailboxes.doctor.mysql_errors import MISSING
from mailboxes.doctor.remedies import Remedy, sql_client
from mailboxes.formats import database_message
from mailboxes.outages import Outage, find_outage
from mailboxes.texts import gettext as _

CODE = "database.canary"
OPTION = re.compile(r"--(super-)?read-only option")


def explain(examination: Examination, error: DatabaseError, place: DatabaseHost | None) -> Finding:
    """Say what helps. `place` is where the panel finds a MySQL server."""
    seen = _("The temporary mailbox can't be created, so no sign-in was tried: %(error)s.")
    seen %= {"error": database_message(error)}
    outage = find_outage(error)
    if outage == Outage.BUSY and place:
        remedy, lines = mysql_locks.holders(examination, place)
        return broken(CODE, seen, remedy, lines)
    if outage == Outage.READ_ONLY:
        return broken(CODE, seen, read_only(str(error), place))
    if outage == Outage.FULL:
        advice = _("The database has no space left. Make room on its disk:")
        return broken(CODE, seen, Remedy(advice, "df -h"))
    if error.args and error.args[0] in MISSING:
        return broken(CODE, seen, Remedy(_("The hop “Tables” says what is missing.")))
    advice = _("Check that the panel's account may write, and that the database isn't full.")
    return broken(CODE, seen, Remedy(advice))


def read_only(error: str, place: DatabaseHost | None) -> Remedy:
    """Say how a server that only answers questions takes changes again."""
    found = OPTION.search(error)
    if not found or not place:
        advice = _(
            "The database only allows reading: let it, its disk or its file be written again."
        )
        return Remedy(advice)
    name = "super_read_only" if found[1] else "read_only"
    advice = _(
        "The database server only allows reading; mail goes on working, but the panel can't change "
        "anything. If it is a replica, set MAIL_DATABASE_URL to its primary. Otherwise, let it be "
        "written again:"
    )
    return Remedy(advice, f'{sql_client(place)} --execute="SET GLOBAL {name} = 0"')
