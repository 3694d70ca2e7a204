"""The lines of a report, as a command prints them."""

from mailboxes.inspection.lines import Line


def line_text(line: Line) -> str:
    note = f". {line.note}" if line.note else ""
    return f"  {line.label}: {line.text}{note}"
