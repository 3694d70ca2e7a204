"""Whether the mail host was given an older export than the settings make now."""

from dataclasses import dataclass
from datetime import datetime

from mailboxes import actions
from mailboxes.deployment.applied import last_applied
from mailboxes.deployment.models import Export
from mailboxes.export.bundle import File
from mailboxes.export.identity import fingerprints, identity


@dataclass(frozen=True)
class Outdated:
    """An export that the mail host was given, and that is not the newest."""

    applied: datetime
    exported: datetime | None
    """None if the export was not this panel's."""

    changed: list[str]
    """The files that are different now."""


def remember_export(files: list[File]) -> None:
    now = fingerprints({file.path: file.text for file in files})
    actions.remember_export(identity(now), now)


def outdated(files: list[File]) -> Outdated | None:
    """Compare what the mail host was given with these files, which would be exported now."""
    applied = last_applied()
    if applied is None:
        return None
    now = fingerprints({file.path: file.text for file in files})
    if applied.identity == identity(now):
        return None
    export = Export.objects.filter(pk=applied.identity).first()
    if export is None:
        return Outdated(applied.at, None, [])
    paths = sorted(now.keys() | export.files.keys())
    changed = [path for path in paths if now.get(path) != export.files.get(path)]
    return Outdated(applied.at, export.exported, changed)
