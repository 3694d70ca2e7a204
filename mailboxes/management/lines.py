"""The lines of a report, as a command prints them."""

from mailboxes.formats import number
from mailboxes.inspection.lines import Line


def line_text(line: Line) -> str:
    value = number(line.value) if isinstance(line.value, int) else line.value
    examples = ", ".join(line.examples)
    if isinstance(line.value, int) and len(line.examples) < line.value and examples:
        examples += ", …"
    more = f" ({examples})" if examples else ""
    note = f". {line.note}" if line.note else ""
    return f"  {line.label}: {value}{more}{note}"
