"""The findings of an examination as values for JSON, and as text for people."""

from collections.abc import Iterable, Iterator
from typing import Any

from mailboxes.deployment.states import State
from mailboxes.doctor.finding import Finding, Hop, HopResult
from mailboxes.doctor.remedies import Remedy


def as_values(results: Iterable[HopResult]) -> list[dict[str, Any]]:
    return [
        {
            "code": result.hop.code,
            "title": str(result.hop.title),
            "state": result.state,
            "milliseconds": result.milliseconds,
            "findings": [
                {
                    "code": finding.code,
                    "state": finding.state,
                    "seen": finding.seen,
                    "detail": finding.detail,
                    "mailboxes": list(finding.mailboxes),
                    "advice": str(finding.remedy.advice),
                    "command": finding.remedy.command,
                }
                for finding in result.findings
            ],
        }
        for result in results
    ]


def from_values(hops: Iterable[dict[str, Any]]) -> list[HopResult]:
    """Return what was stored as values."""
    return [
        HopResult(
            Hop(hop["code"], hop["title"]),
            [
                Finding(
                    found["code"],
                    State(found["state"]),
                    found["seen"],
                    Remedy(found["advice"], found["command"]),
                    found.get("detail", ""),
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
