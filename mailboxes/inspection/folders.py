"""The forms of the column `maildir`, and whether mail is where the exported configuration looks."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from mailboxes.adoption.mark import FOLDER_FORMS
from mailboxes.conf import MailHost
from mailboxes.export.bundle import BadExport
from mailboxes.export.mail_check import check_column, check_sample
from mailboxes.export.mail_folders import take_sample
from mailboxes.formats import error_message
from mailboxes.inspection.lines import CountedRows, Line
from mailboxes.mail_location import find_template, is_folder_template

LABELS = {
    "absolute": _("an absolute path"),
    "mbox": _("without a slash at the end (mbox)"),
    "empty": _("empty"),
    "other": _("other"),
}


def folder_form(maildir: str, address: str) -> str:
    """Return the form of a value of `maildir`: a template if new folders can have it."""
    template = find_template(maildir, address)
    for form, usual in FOLDER_FORMS.items():
        if template == usual:
            return form
    if is_folder_template(template):
        return template
    if not maildir:
        return "empty"
    if maildir.startswith("/"):
        return "absolute"
    return "other" if maildir.endswith("/") else "mbox"


def form_lines(forms: dict[str, CountedRows]) -> Iterator[Line]:
    for form in sorted(forms, key=lambda form: -forms[form].count):
        shown = () if form in FOLDER_FORMS else tuple(forms[form].examples[:3])
        yield Line(f"folders_{form}", LABELS.get(form, form), forms[form].count, "", shown)


def mail_lines(host: MailHost) -> Iterator[Line]:
    """Yield where mail is, and why the configuration wouldn't be exported, if so."""
    sample = take_sample(host)
    place = f"{host.home}, {host.mail_location}"
    yield Line("mail_location", _("The exported configuration looks for mail in"), place)
    yield Line("placed", _("Sampled mailboxes with mail there"), sample.placed)
    if sample.misplaced:
        shown = tuple(misplaced.found for misplaced in sample.misplaced[:3])
        label = _("Sampled mailboxes with mail elsewhere")
        yield Line("misplaced", label, len(sample.misplaced), "", shown)
    if sample.unreadable:
        yield Line("unreadable", _("The panel's account can't read"), sample.unreadable)
    try:
        check_column(host)
        check_sample(host, sample)
    except BadExport as error:
        yield Line("refused", _("The configuration can't be exported"), error_message(error))
