"""Lines of the daemons' logs, matched against the known signatures.

The lines may come from anybody: they are bounded, never run, and looked at in time that grows with
their length only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext_lazy

from mailboxes.actions.canary import PREFIX
from mailboxes.conf import MailHost
from mailboxes.deployment.states import severity
from mailboxes.doctor import elsewhere
from mailboxes.doctor.access import is_mail_host
from mailboxes.doctor.finding import Finding, Hop, HopResult, not_checked, working
from mailboxes.doctor.signatures import SIGNATURES, find_signature
from mailboxes.doctor.signatures.signature import Signature
from mailboxes.doctor.words import quoted, without_passwords
from mailboxes.models import Mailbox
from mailboxes.texts import gettext as _
from mailboxes.texts import ngettext

MAX_CHARACTERS = 5_000_000
MAX_LINES = 20_000
MAX_LENGTH = 1_000
"""How many characters of a line are read."""

MAX_ADDRESSES = 1_000
MAX_NAMED = 20
HOP = Hop("log", gettext_lazy("Log"))
TIME = re.compile(r"(?:[A-Z][a-z]{2} [ 0-9]\d |\d{4}-\d\d-\d\d[T ])\d\d:\d\d:\d\d(?:[.,]\d{1,9})?")
WORDS = re.compile(r"[^][\s<>(){},;:\"']+")
REALM = re.compile(r"\[user=([^]@]+)\] \[service=[^]]*\] \[realm=([^]]+)\]")


@dataclass
class Group:
    """The lines of one cause."""

    signature: Signature
    sample: str
    count: int = 0
    first: str = ""
    last: str = ""
    addresses: set[str] = field(default_factory=set)

    def add(self, line: str) -> None:
        self.count += 1
        if time := TIME.search(line[:60]):
            self.first = self.first or time[0]
            self.last = time[0]
        if len(self.addresses) < MAX_ADDRESSES:
            self.addresses.update(addresses_in(line))


def read_log(text: str, host: MailHost) -> HopResult:
    """Return a finding for each known cause, and how many lines say nothing known."""
    left_out = text[:-MAX_CHARACTERS].count("\n")
    lines = [line for line in text[-MAX_CHARACTERS:].split("\n") if is_of_others(line)]
    left_out += len(lines[:-MAX_LINES])
    lines = lines[-MAX_LINES:]
    groups: dict[Signature, Group] = {}
    unknown = 0
    for line in (line[:MAX_LENGTH] for line in lines):
        if signature := find_signature(line):
            groups.setdefault(signature, Group(signature, line)).add(line)
        else:
            unknown += 1
    return HopResult(HOP, [*causes(groups, host), *remainder(len(lines), unknown, left_out)])


def is_of_others(line: str) -> bool:
    """Say whether a line has words that aren't about an examination's own mailbox."""
    return bool(line.strip()) and PREFIX not in line


def tail(file: BinaryIO) -> str:
    """Return the end of a file or of a stream."""
    if file.seekable():
        file.seek(max(0, file.seek(0, 2) - MAX_CHARACTERS))
        return file.read(MAX_CHARACTERS).decode(errors="replace")
    kept = b""
    while chunk := file.read(MAX_CHARACTERS):
        kept = (kept + chunk)[-MAX_CHARACTERS:]
    return kept.decode(errors="replace")


def addresses_in(line: str) -> Iterator[str]:
    for word in WORDS.findall(line):
        if "@" in word and len(word) < 330:
            yield word.rstrip(".").lower()
            yield word.rpartition("=")[2].rstrip(".").lower()
    for user, realm in REALM.findall(line):
        yield f"{user}@{realm}".lower()


def causes(groups: dict[Signature, Group], host: MailHost) -> Iterator[Finding]:
    """Yield the worst first, then those that say most."""
    known = existing(set().union(*(group.addresses for group in groups.values())))
    found = [groups[signature] for signature in SIGNATURES if signature in groups]
    for group in sorted(found, key=lambda group: -severity(group.signature.state)):
        finding = Finding(
            group.signature.code,
            group.signature.state,
            str(group.signature.cause),
            group.signature.remedy_on(host),
            f"{occurrences(group)}\n{shown(group.sample)}",
            tuple(sorted(group.addresses & known)[:MAX_NAMED]),
        )
        yield finding if is_mail_host() else elsewhere.from_log(finding, host.hostname)


def existing(addresses: set[str]) -> set[str]:
    """Return those that have a mailbox; none if the database, which may be the cause, is down."""
    try:
        return set(Mailbox.objects.filter(pk__in=addresses).values_list("pk", flat=True))
    except (DatabaseError, InterfaceError):
        return set()


def occurrences(group: Group) -> str:
    params = {"count": group.count, "first": group.first, "last": group.last}
    if not group.first:
        return ngettext("%(count)s line", "%(count)s lines", group.count) % params
    if group.count == 1:
        return _("1 line: %(first)s") % params
    return _("%(count)s lines: %(first)s to %(last)s") % params


def shown(line: str) -> str:
    """Return the beginning of a line, without a password."""
    return quoted(without_passwords(line))


def remainder(lines: int, unknown: int, left_out: int) -> Iterator[Finding]:
    params = {"lines": lines, "unknown": unknown, "left_out": left_out, "read": lines}
    if not lines:
        yield not_checked("log.empty", _("There are no lines to read."))
    elif unknown == lines:
        seen = ngettext(
            "%(lines)s line was read; it matches no known fault.",
            "%(lines)s lines were read; none matches a known fault.",
            lines,
        )
        yield working("log.unknown", seen % params)
    elif unknown:
        seen = ngettext(
            "%(unknown)s of %(lines)s lines matches no known fault.",
            "%(unknown)s of %(lines)s lines match no known fault.",
            unknown,
        )
        yield not_checked("log.unknown", seen % params)
    if left_out:
        seen = ngettext(
            "%(left_out)s older line was left out.",
            "%(left_out)s older lines were left out.",
            left_out,
        )
        yield not_checked("log.left_out", seen % params)
