"""The last examination as the panel's pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailboxes.deployment import examinations
from mailboxes.deployment.models import LastExamination
from mailboxes.deployment.states import State
from mailboxes.doctor import chain
from mailboxes.doctor.finding import HopResult, overall
from mailboxes.doctor.report import from_values


@dataclass(frozen=True)
class Report:
    """What an examination that has ended has found."""

    results: Sequence[HopResult]

    @property
    def verdict(self) -> State:
        return overall(self.results)

    @property
    def is_complete(self) -> bool:
        """Say whether everything could be checked."""
        states = (finding.state for result in self.results for finding in result.findings)
        return State.NOT_CHECKED not in states

    @property
    def decisive(self) -> list[HopResult]:
        """Return the hops that are as bad as the verdict, unless everything works."""
        if self.verdict not in (State.BROKEN, State.WARNING):
            return []
        return [result for result in self.results if result.state == self.verdict]

    @property
    def seen(self) -> str:
        """Return what was seen first at the first of them."""
        findings = self.decisive[0].findings if self.decisive else ()
        return next((each.seen for each in findings if each.state == self.verdict), "")


@dataclass(frozen=True)
class StoredReport(Report):
    row: LastExamination


def last_report(reports: examinations.Reports) -> StoredReport | None:
    """Return the one that counts, with the titles of its hops in the reader's language.

    What another version of the panel has stored may be unreadable; the next one will replace it.
    """
    row = reports.current
    if row is None:
        return None
    try:
        results = from_values(row.hops)
    except (KeyError, TypeError, ValueError):
        return None
    known = {step.hop.code: step.hop for step in chain.STEPS}
    return StoredReport(
        [replace(result, hop=known.get(result.hop.code, result.hop)) for result in results], row
    )
