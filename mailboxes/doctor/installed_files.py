"""The files that `apply` installs: there, with the exported text, owner, group and mode."""

import grp
import pwd
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from mailboxes.doctor.finding import Finding, broken, not_checked, warning
from mailboxes.doctor.remedies import APPLY
from mailboxes.export.bundle import File
from mailboxes.texts import gettext as _
from mailboxes.texts import join

PASSWORD = re.compile(r"passw(or)?d\s*=|secret", re.IGNORECASE)
MAX_LINES = 60


@dataclass
class Differences:
    missing: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    """What is different in each file that is, as lines."""

    unreadable: list[str] = field(default_factory=list)
    rights: list[str] = field(default_factory=list)


def examine(
    files: list[File], kept_dovecot: bool, changed: set[str], *, is_in_order: bool
) -> Iterator[Finding]:
    """Compare the files; those that have `changed` since the export aren't edited, but older.

    If everything `is_in_order`, an edit is harmless, or its author may want it.
    """
    found = Differences()
    for path, file in by_place(files, kept_dovecot).items():
        compare(path, file, found, file.path in changed)
    if found.missing:
        seen = _("Configuration files are missing.")
        yield broken("drift.missing", seen, APPLY, "\n".join(found.missing))
    if found.edited:
        seen = _("Configuration files aren't as they were exported.")
        kind = warning if is_in_order else broken
        yield kind("drift.edited", seen, APPLY, bounded(found.edited))
    if found.rights:
        seen = _("Configuration files have the wrong owner, group or mode.")
        yield warning("drift.rights", seen, APPLY, join("\n", found.rights))
    if found.unreadable:
        seen = _("The contents of these files can only be compared by root.")
        yield not_checked("drift.contents", seen, "\n".join(found.unreadable))


def by_place(files: list[File], kept_dovecot: bool) -> dict[str, File]:
    """Return each file by the path at which it is installed; with --keep, Dovecot has others."""
    found = {file.target: file for file in files if file.target}
    if kept_dovecot:
        kept = [file for file in files if file.path.startswith("keep/")]
        found |= {file.path.removeprefix("keep"): file for file in kept}
    return found


def compare(path: str, file: File, found: Differences, is_older: bool) -> None:
    place = Path(path).resolve()
    try:
        status = place.stat()
    except FileNotFoundError:
        found.missing.append(path)
        return
    except OSError:
        found.unreadable.append(path)
        return
    here = f"{user(status.st_uid)}:{group(status.st_gid)} {status.st_mode & 0o7777:04o}"
    exported = f"{file.owner}:{file.group} {file.mode:04o}"
    if here != exported:
        params = {"path": path, "here": here, "exported": exported}
        found.rights.append(_("%(path)s: %(here)s instead of %(exported)s") % params)
    try:
        text = place.read_bytes().decode(errors="replace")
    except OSError:
        found.unreadable.append(path)
        return
    if text != file.text and not is_older:
        found.edited.extend(difference(path, text, file))


def difference(path: str, text: str, file: File) -> Iterable[str]:
    names = (_("%(path)s (here)"), _("%(path)s (exported)"))
    here, exported = (name % {"path": path} for name in names)
    lines = (text.splitlines(), file.text.splitlines())
    found = list(unified_diff(*lines, here, exported, n=1, lineterm=""))
    # The installed file may contain a password where the exported one has none.
    if file.secret or any(PASSWORD.search(line) for line in found):
        return [
            _("%(path)s: it contains a password, so the difference isn't shown.") % {"path": path}
        ]
    return found


def bounded(lines: list[str]) -> str:
    """Return the first lines, and how many more there are."""
    shown = [line[:200] for line in lines[:MAX_LINES]]
    if more := len(lines) - len(shown):
        shown.append(_("… and %(count)s more lines") % {"count": more})
    return join("\n", shown)


def user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
