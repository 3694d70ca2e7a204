"""The lines of a report, as a command prints them."""

from django.utils.text import capfirst

from mailboxes.inspection.lines import Line


def line_text(line: Line) -> str:
    note = f". {capfirst(str(line.note))}" if line.note else ""
    return f"  {line.label}: {line.text}{note}"
