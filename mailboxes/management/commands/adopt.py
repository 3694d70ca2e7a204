"""manage.py adopt"""

import json
import sys
from typing import Any

from django.core.management.base import CommandParser

from mailboxes.conf import mail_host
from mailboxes.formats import error_message, number
from mailboxes.inspection.lines import Line
from mailboxes.inspection.report import Report, inspect
from mailboxes.management.base import MailCommand


class Command(MailCommand):
    help = (
        "Report whether the panel can use the tables of another program, such as PostfixAdmin, as "
        "they are, and what is in them. This reads the mail database and changes nothing. The exit "
        "status is 0 if the panel can use them, otherwise 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: object, **options: Any) -> None:
        report = inspect(mail_host())
        if options["json"]:
            self.stdout.write(json.dumps(as_json(report), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(as_text(report)))
        if report.refusals:
            sys.exit(1)


def as_text(report: Report) -> list[str]:
    """Return the report line by line, the verdict last."""
    lines = [f"Tables of: {report.product or 'an unknown program'}"]
    for section in report.sections:
        lines += ["", str(section.title), *map(line_text, section.lines)]
    lines.append("")
    if not report.refusals:
        return [*lines, "The panel can use these tables as they are."]
    return [
        *(*lines, "The panel can't use these tables as they are:"),
        *(f"  {error_message(refusal)}" for refusal in report.refusals),
    ]


def line_text(line: Line) -> str:
    value = number(line.value) if isinstance(line.value, int) else line.value
    examples = ", ".join(line.examples)
    if isinstance(line.value, int) and len(line.examples) < line.value and examples:
        examples += ", …"
    more = f" ({examples})" if examples else ""
    note = f". {line.note}" if line.note else ""
    return f"  {line.label}: {value}{more}{note}"


def as_json(report: Report) -> dict[str, Any]:
    return {
        "product": report.product.name,
        "version": report.product.version,
        "usable": not report.refusals,
        "refusals": [
            {"code": refusal.code, "text": error_message(refusal)} for refusal in report.refusals
        ],
        "sections": {
            section.code: [
                {
                    "code": line.code,
                    "label": str(line.label),
                    "value": line.value,
                    "note": str(line.note),
                    "examples": list(line.examples),
                }
                for line in section.lines
            ]
            for section in report.sections
        },
    }
