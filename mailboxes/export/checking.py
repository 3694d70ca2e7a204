"""Checking in parts who could sign in on a host, where one request has no time for all mailboxes.

What is known so far can be stored as JSON.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mailboxes.conf import MailHost
from mailboxes.export.compatibility import Group, Report, describe, password_batches
from mailboxes.models import Mailbox
from mailboxes.passwords.schemes import Problem, Reason

BATCHES_PER_PART = 10


@dataclass
class Progress:
    """How many mailboxes have been read, the last of them, and what was found."""

    report: Report = field(default_factory=Report)
    read: int = 0
    last: str = ""
    is_done: bool = False

    def advance(self, old: MailHost, new: MailHost) -> None:
        """Read the next mailboxes."""
        found = password_batches(Mailbox.objects.all(), after=self.last)
        for number, batch in enumerate(found, 1):
            for row in batch.rows:
                self.report.add(row, old, new)
            self.read += batch.read
            self.last = batch.last
            if number == BATCHES_PER_PART:
                return
        self.is_done = True


def as_json(progress: Progress) -> dict[str, Any]:
    report = progress.report
    return {
        "read": progress.read,
        "last": progress.last,
        "done": progress.is_done,
        "mailboxes": report.mailboxes,
        "to_replace": report.to_replace,
        "to_rehash": dict(report.to_rehash),
        "groups": [
            [problem.reason.value, problem.scheme, group.count, group.already, group.addresses]
            for problem, group in report.groups.items()
        ],
    }


def from_json(stored: dict[str, Any], new: MailHost) -> Progress:
    report = Report(
        mailboxes=stored["mailboxes"],
        to_rehash=Counter(stored["to_rehash"]),
        to_replace=stored["to_replace"],
    )
    for reason, scheme, *numbers in stored["groups"]:
        problem = Problem(Reason(reason), scheme)
        report.groups[problem] = Group(describe(problem, new), *numbers)
    return Progress(report, stored["read"], stored["last"], stored["done"])
