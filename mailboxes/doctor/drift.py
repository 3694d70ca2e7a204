"""The configuration files under /etc, compared with what would be exported now."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from django.db import DatabaseError

from mailboxes import texts
from mailboxes.deployment.states import State
from mailboxes.doctor import boot, installed_files, postfix_check, postfix_settings
from mailboxes.doctor.access import KEPT, is_there
from mailboxes.doctor.elsewhere import not_here
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, not_checked, warning, working, worst
from mailboxes.doctor.processes import command_lines
from mailboxes.doctor.remedies import APPLY
from mailboxes.errors import Refused
from mailboxes.export.outdated import Outdated, outdated
from mailboxes.export.render import render_bundle, stale_paths
from mailboxes.formats import database_message, error_message
from mailboxes.sending import is_known
from mailboxes.texts import gettext as _

DOVECOT_KEPT = Path("/etc/dovecot/conf.d/00-mailadmin.conf")


def examine(examination: Examination) -> Iterator[Finding]:
    if not examination.access.is_mail_host:
        yield not_here("drift")
        return
    if not examination.reads_tables:
        yield not_checked("drift", _("The files weren't compared, since that needs the database."))
        return
    try:
        host = replace(examination.host, has_smtp_active=is_known())
        files = render_bundle(host)
        older = outdated(files)
    except Refused as error:
        yield not_checked("drift", error_message(error))
        return
    except DatabaseError as error:
        reason = _("The files weren't compared, since an export needs the database: %(error)s.")
        yield not_checked("drift", reason % {"error": database_message(error)})
        return
    kept = is_there(KEPT)
    is_in_order = not examination.is_broken_before
    changed = set(older.changed) if older else set()
    found = [
        *export_findings(older),
        *postfix_settings.examine(examination.access, files, kept, changed),
        *installed_files.examine(
            files, kept and is_there(DOVECOT_KEPT), changed, is_in_order=is_in_order
        ),
        *leftovers(stale_paths(host), kept, host.variant.name),
        *boot.examine(host, examination.access),
        *postfix_check.examine(examination),
    ]
    if worst(finding.state for finding in found) in (State.WORKING, State.NOT_CHECKED):
        yield working("drift", _("What could be compared is as it would be exported now."))
    yield from found


def export_findings(older: Outdated | None) -> Iterator[Finding]:
    """Say that the host was given another export than would be made now."""
    if older is None:
        return
    params = {"applied": texts.date(older.applied)}
    if older.exported is None:
        seen = (
            _("The configuration that was applied on %(applied)s wasn't exported by this panel.")
            % params
        )
    else:
        seen = _("Since the export that was applied on %(applied)s, the configuration has changed.")
    yield warning("drift.older", seen % params, APPLY, "\n".join(older.changed))


def leftovers(stale: list[str], kept: bool, variant: str) -> Iterator[Finding]:
    """Name what an earlier configuration has left, and `apply` would remove or stop."""
    paths = [f"/{path}" for path in stale]
    if not kept:
        paths.append(str(DOVECOT_KEPT))
    left = [path for path in paths if is_there(Path(path))]
    if left:
        seen = _("Files of an earlier configuration are still here; apply removes them.")
        yield warning("drift.leftover", seen, APPLY, "\n".join(left))
    other, mark = OTHERS[variant]
    if is_ours(mark) and list(command_lines(other)):
        seen = _("%(service)s is still running, but only the other variant uses it.") % {
            "service": other
        }
        yield warning("drift.other_variant", seen, APPLY)


OTHERS = {
    "v1": ("dovecot", Path("/etc/dovecot/conf.d/99-mailadmin.conf")),
    "v2": ("saslauthd", Path("/etc/default/saslauthd")),
}
"""The service of the other variant, and its file, which names the panel if it was applied."""


def is_ours(path: Path) -> bool:
    try:
        return "mailadmin" in path.read_text(errors="replace")
    except OSError:
        return False
