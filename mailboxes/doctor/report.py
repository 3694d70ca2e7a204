"""The findings of an examination as values for JSON, and as text for people."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mailboxes.deployment.states import State
from mailboxes.doctor.finding import Finding, Hop, HopResult
from mailboxes.doctor.remedies import Remedy
from mailboxes.texts import from_source


def as_values(
    results: Iterable[HopResult], text: Callable[[Any], Any] = str
) -> list[dict[str, Any]]:
    """Return the findings in the reader's language, or with `texts.source` in none."""
    return [
        {
            "code": result.hop.code,
            "title": text(result.hop.title),
            "state": result.state,
            "milliseconds": result.milliseconds,
            "findings": [
                {
                    "code": finding.code,
                    "state": finding.state,
                    "seen": text(finding.seen),
                    "detail": text(finding.detail),
                    "mailboxes": list(finding.mailboxes),
                    "advice": text(finding.remedy.advice),
                    "command": finding.remedy.command,
                }
                for finding in result.findings
            ],
        }
        for result in results
    ]


def from_values(hops: Iterable[dict[str, Any]]) -> list[HopResult]:
    """Return what was stored as values, in the reader's language."""
    return [
        HopResult(
            Hop(hop["code"], from_source(hop["title"])),
            [
                Finding(
                    found["code"],
                    State(found["state"]),
                    from_source(found["seen"]),
                    Remedy(from_source(found["advice"]), found["command"]),
                    from_source(found.get("detail", "")),
                    tuple(found.get("mailboxes", ())),
                )
                for found in hop["findings"]
            ],
            hop["milliseconds"],
        )
        for hop in hops
    ]


def as_lines(result: HopResult) -> Iterator[str]:
    yield f"{result.hop.title}: {result.state}"
    for finding in result.findings:
        yield f"  {finding.state}: {finding.seen}"
        named = ", ".join(finding.mailboxes)
        for text in (*finding.detail.splitlines(), named, *map(str, finding.remedy)):
            if text:
                yield f"    {text}"
