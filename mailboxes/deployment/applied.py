"""The line with which `apply` says which export a mail host was given, and when."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailboxes.deployment.models import Export
from mailboxes.errors import Refused, gettext_noop

LOCAL_FILE = Path("/etc/postfix/mailadmin/applied")
"""Where `apply` leaves its line; a panel on the mail host reads it there."""

LINE = re.compile(
    r"mailadmin export ([0-9a-f]{16}) applied (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    r"(?: keeping ([a-z0-9._,-]+))?"
)
NOT_A_LINE = gettext_noop(
    "This is not the line that apply prints at its end. It begins with “mailadmin export”."
)


@dataclass(frozen=True)
class Applied:
    """What a mail host was given."""

    identity: str
    at: datetime
    keeps: tuple[str, ...] = ()
    """The domains that it goes on serving without the panel (`apply --keep`)."""


def parse(text: str) -> Applied:
    """Read the line, which may have others around it."""
    found = LINE.search(text)
    try:
        if found:
            at = datetime.strptime(found[2], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            return Applied(found[1], at, tuple(found[3].split(",")) if found[3] else ())
    except ValueError:
        pass  # digits that are no date
    raise Refused(NOT_A_LINE)


def local() -> Applied | None:
    """Return what this machine was given, if it is a mail host."""
    try:
        return parse(LOCAL_FILE.read_text(encoding="ascii", errors="replace"))
    except (OSError, Refused):
        return None


def last_applied() -> Applied | None:
    """Return what a mail host was given last, as far as the panel knows."""
    reported = Export.objects.exclude(applied=None).order_by("-applied").first()
    known = []
    if reported and reported.applied:
        known.append(Applied(reported.identity, reported.applied, tuple(reported.kept_domains)))
    return max([*known, *filter(None, [local()])], key=lambda applied: applied.at, default=None)


def kept_domains() -> frozenset[str]:
    """Return the domains that the mail host serves without the panel, as far as it has told."""
    applied = last_applied()
    return frozenset(applied.keeps if applied else ())
