"""How the doctor's page shows the hops: what stands on a card, what is folded, how wide it is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from mailboxes.deployment.states import State
from mailboxes.doctor.finding import Finding, HopResult
from mailboxes.doctor.remedies import NONE, Remedy

MAX_WORKING = 2
"""How many things that work a card names before it folds the rest."""

LONGEST_COMMAND, LONGEST_DETAIL, LONGEST_TEXT = 60, 50, 280
"""In characters: what is longer takes a card of two columns."""


@dataclass(frozen=True)
class Card:
    result: HopResult
    shown: Sequence[Finding]
    folded: Sequence[Finding] = ()
    is_wide: bool = False
    is_first: bool = False
    """Whether it begins a pair of cards; before a wide one and at the end, it fills the pair."""


def cards(results: Iterable[HopResult]) -> Iterator[Card]:
    """Yield the card of each hop as soon as it is known, so that no place stays empty."""
    printed: set[Remedy] = set()
    is_first = True
    for result in results:
        shown, folded = divided(result.findings)
        shown = [*with_new_remedies(shown, printed)]
        is_wide = needs_room(shown)
        yield Card(result, shown, folded, is_wide, is_first)
        is_first = is_wide or not is_first


def divided(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Return what is to be seen at once, and the rest: what works beside what needs attention."""
    shown = [each for each in findings if each.state in (State.BROKEN, State.WARNING)]
    if not shown:
        working = [each for each in findings if each.state == State.WORKING]
        shown = [each for each in findings if each not in working[MAX_WORKING:]]
    return shown, [each for each in findings if each not in shown]


def with_new_remedies(findings: list[Finding], printed: set[Remedy]) -> Iterator[Finding]:
    """Say once what several findings of a card need, and of all cards, what was not checked."""
    following = [*(each.remedy for each in findings[1:]), None]
    for finding, following_remedy in zip(findings, following, strict=True):
        is_unchecked = finding.state == State.NOT_CHECKED
        if finding.remedy == following_remedy or (is_unchecked and finding.remedy in printed):
            finding = replace(finding, remedy=NONE)
        elif is_unchecked:
            printed.add(finding.remedy)
        yield finding


def needs_room(findings: list[Finding]) -> bool:
    commands = (len(each.remedy.command) for each in findings)
    lines = [len(line) for each in findings for line in each.detail.splitlines()]
    text = sum(len(f"{each.seen}{each.remedy.advice}") for each in findings) + sum(lines)
    return (
        text > LONGEST_TEXT
        or max(commands, default=0) > LONGEST_COMMAND
        or max(lines, default=0) > LONGEST_DETAIL
    )
