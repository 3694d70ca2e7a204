"""Postfix's queue: what waits there and why, and the doctor's own messages in it."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from mailboxes.actions.canary import MAX_AGE, NAME, PREFIX
from mailboxes.doctor import mail_folder
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, warning
from mailboxes.doctor.remedies import Remedy
from mailboxes.doctor.words import quoted
from mailboxes.models import Domain
from mailboxes.texts import gettext as _
from mailboxes.texts import join, ngettext

MAX_MESSAGES = 20_000
MAX_REASONS = 3
MANY_DOMAINS = 10
"""Mail for some other hosts always waits somewhere; for so many, this host is at fault."""

LIST = f"timeout 2 postqueue -j | head -n {MAX_MESSAGES}"
FIND = 'postqueue -j | grep -F -m 20 -e "$1"'


class Queued(NamedTuple):
    """A message in the queue, with why each of its recipients still waits."""

    queue: str
    number: str
    arrived: int
    reasons: dict[str, str]


def parse(text: str) -> Iterator[Queued]:
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:  # it was cut off
            continue
        reasons = {each["address"]: each.get("delay_reason", "") for each in found["recipients"]}
        yield Queued(found["queue_name"], found["queue_id"], found["arrival_time"], reasons)


def find(examination: Examination, text: str) -> list[Queued]:
    """Return the messages that have this in an address."""
    return list(parse(examination.access.run(["sh", "-c", FIND, "sh", text]).stdout))


def remove(examination: Examination, messages: list[Queued]) -> None:
    """Remove the doctor's own messages."""
    for message in messages:
        if message.reasons and all(map(NAME.match, message.reasons)):
            examination.access.run(["postsuper", "-d", message.number])


def examine(examination: Examination) -> Iterator[Finding]:
    """Say why mail waits, and remove what an examination has left that was killed."""
    found = list(parse(examination.access.run(["sh", "-c", LIST]).stdout))
    ours = [each for each in found if any(map(NAME.match, each.reasons))]
    latest = time.time() - MAX_AGE.total_seconds()
    remove(examination, [each for each in ours if each.arrived < latest])
    waiting = [
        (address, reason)
        for each in found
        for address, reason in each.reasons.items()
        if reason and each.queue == "deferred" and not address.startswith(PREFIX)
    ]
    yield from deferred(examination, waiting)


def deferred(examination: Examination, waiting: list[tuple[str, str]]) -> Iterator[Finding]:
    """Name the reasons if the panel's own addresses wait, or those of many other domains."""
    domains = {address.rpartition("@")[2].lower() for address, _reason in waiting}
    own = set(Domain.objects.filter(pk__in=list(domains)).values_list("pk", flat=True))
    local = [each for each in waiting if each[0].rpartition("@")[2].lower() in own]
    if local:
        seen = ngettext(
            "%(count)s message for this host's own addresses couldn't be delivered yet.",
            "%(count)s messages for this host's own addresses couldn't be delivered yet.",
            len(local),
        )
        yield waiting_finding(examination, seen, local)
    elif len(domains) >= MANY_DOMAINS:
        seen = _("Mail for %(domains)s other domains couldn't be delivered yet.")
        yield waiting_finding(examination, seen % {"domains": len(domains)}, waiting)


def waiting_finding(examination: Examination, seen: str, waiting: list[tuple[str, str]]) -> Finding:
    counted = Counter(quoted(reason) for _address, reason in waiting).most_common(MAX_REASONS)
    lines = [f"{count} x {reason}" for reason, count in counted]
    advice = _("Once the cause is repaired, let Postfix try again now:")
    remedy = Remedy(advice, "postqueue -f")
    reasons = [reason for _address, reason in waiting]
    remedy = mail_folder.after_refusal(examination, reasons) or remedy
    seen %= {"count": len(waiting)}
    return warning("delivery.queue", seen, remedy, join("\n", lines))
