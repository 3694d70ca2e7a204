"""manage.py adopt"""

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mailboxes import actions
from mailboxes.adoption.mark import FOLDER_FORMS, find_adoption
from mailboxes.conf import mail_host
from mailboxes.formats import error_message
from mailboxes.inspection import choice
from mailboxes.inspection.administrators import administrator_text
from mailboxes.inspection.changed_here import changed_passwords
from mailboxes.inspection.report import Report, inspect
from mailboxes.management.base import MailCommand
from mailboxes.management.lines import line_text


class Command(MailCommand):
    help = (
        "Report whether the panel can use the tables of another program, such as PostfixAdmin, as "
        "they are, and what is in them. This only reads the mail database. The exit status is 0 if "
        "the panel can use them, otherwise 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument(
            "--confirm",
            action="store_true",
            help="use the tables as they are; only the panel's own database is changed",
        )
        parser.add_argument(
            "--folders",
            metavar="FORM",
            help="with --confirm: the form of new mailboxes' folders, instead of the most common: "
            f"{', '.join(FOLDER_FORMS)}, or a template such as vmail/%%d/%%n/",
        )
        parser.add_argument(
            "--administrators",
            action="store_true",
            help="with --confirm: add PostfixAdmin's administrators to the panel, with their "
            "passwords, and domain administrators with their domains",
        )
        parser.add_argument(
            "--undo",
            action="store_true",
            help="undo the adoption, and list the passwords that PostfixAdmin may not be able to "
            "check",
        )

    def handle(self, *args: object, **options: Any) -> None:
        if sum(options[name] for name in ("json", "confirm", "undo")) > 1:
            raise CommandError("Use only one of --json, --confirm and --undo.")
        for name in ("folders", "administrators"):
            if options[name] and not options["confirm"]:
                raise CommandError(f"--{name} requires --confirm.")
        if options["folders"]:
            choice.check_folder_form(options["folders"])
        if options["undo"]:
            self.undo()
            return
        report = inspect(mail_host())
        if options["json"]:
            self.stdout.write(json.dumps(as_json(report), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(as_text(report)))
        if report.refusals:
            raise CommandError("These tables can't be adopted.")
        if options["confirm"]:
            form = choice.adopt(self.actor, report, options["folders"] or "")
            self.stdout.write(f"Adopted the mail database. New mailboxes get folders like {form}")
        if options["administrators"]:
            for taken_over in actions.take_over_administrators(self.actor):
                self.stdout.write(administrator_text(taken_over))
            self.stdout.write("Their second factors (TOTP) are not copied.")

    def undo(self) -> None:
        """List the passwords, then undo the adoption, since it says since when."""
        adoption = find_adoption()
        for changed in changed_passwords(adoption) if adoption else ():
            self.stdout.write(f"{changed.address}: {changed.form}; “encrypt”: {changed.settings}")
        actions.forget_adoption(self.actor)
        self.stdout.write(
            "The adoption was undone. The mail database was not changed, and the panel's "
            "administrators are kept."
        )


def as_text(report: Report) -> list[str]:
    """Return the report line by line, the verdict last."""
    lines = [f"Tables of: {report.product or 'an unknown program'}"]
    for section in report.sections:
        lines += ["", str(section.title), *map(line_text, section.lines)]
    lines.append("")
    if not report.refusals:
        return [*lines, "The panel can use these tables as they are."]
    return [
        *(*lines, "Why these tables can't be adopted"),
        *(f"  {error_message(refusal)}" for refusal in report.refusals),
    ]


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
