"""The forms of the column `maildir`, and whether mail is where the exported configuration looks."""

from collections.abc import Iterator

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailboxes.addresses import Address
from mailboxes.adoption.mark import FOLDER_FORMS
from mailboxes.conf import MailHost
from mailboxes.export.bundle import BadExport
from mailboxes.export.mail_check import check_column, check_sample
from mailboxes.export.mail_folders import take_sample
from mailboxes.formats import error_message
from mailboxes.inspection.lines import CountedRows, Line

LABELS: dict[str, str | Promise] = {
    **{form: form for form in FOLDER_FORMS},
    "absolute": _("an absolute path"),
    "mbox": _("without a slash at the end (mbox)"),
    "empty": _("empty"),
    "other": _("other"),
}


def folder_form(maildir: str, local_part: str, domain: str) -> str:
    """Return which of the usual forms a value of `maildir` has."""
    if not maildir:
        return "empty"
    if maildir.startswith("/"):
        return "absolute"
    if not maildir.endswith("/"):
        return "mbox"
    address = Address(local_part.lower(), domain.lower())
    forms = {text.format(address): form for form, text in FOLDER_FORMS.items()}
    return forms.get(maildir.lower(), "other")


def form_lines(forms: dict[str, CountedRows]) -> Iterator[Line]:
    for form in sorted(forms, key=lambda form: -forms[form].count):
        shown = () if form in FOLDER_FORMS else tuple(forms[form].examples[:3])
        yield Line(f"folders_{form}", LABELS[form], forms[form].count, "", shown)


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
