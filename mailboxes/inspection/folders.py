"""The forms of the column `maildir`, and whether mail is where the exported configuration looks."""

from collections.abc import Iterator
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailboxes.addresses import Address
from mailboxes.adoption.mark import FOLDER_FORMS
from mailboxes.conf import MailHost
from mailboxes.inspection.lines import CountedRows, Line

LABELS: dict[str, str | Promise] = {
    **{form: form for form in FOLDER_FORMS},
    "absolute": _("an absolute path"),
    "mbox": _("without a slash at the end (mbox)"),
    "empty": _("empty"),
    "other": _("other"),
}
NOT_FOUND = _("The exported configuration doesn't find mail in these folders.")
MISPLACED = ("absolute", "mbox", "empty")
MAX_SAMPLES = 50
SUBFOLDERS = ("Maildir", "mail", "maildir")


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
        counted, note = forms[form], NOT_FOUND if form in MISPLACED else ""
        shown = tuple(counted.examples[:3]) if form in (*MISPLACED, "other") else ()
        yield Line(f"folders_{form}", LABELS[form], counted.count, note, shown)


def sample_lines(host: MailHost, maildirs: list[str]) -> Iterator[Line]:
    """Yield where the mail of these folders is, if MAIL_HOME is on this machine and readable."""
    home = Path(host.home)
    yield Line("mail_home", _("The exported configuration looks below"), f"{host.home}/")
    places: dict[str, CountedRows] = {}
    for maildir in maildirs:
        if place := find_mail(home, maildir):
            places.setdefault(place, CountedRows()).add(maildir)
    for place, counted in places.items():
        label = _("Sampled folders with mail in “%(place)s”") % {"place": place}
        note = "" if place == "." else NOT_FOUND
        yield Line("sampled", label, counted.count, note, tuple(counted.examples[:3]))


def find_mail(home: Path, maildir: str) -> str:
    """Return where, in the folder, `cur` is: `.`, a subfolder, or an empty string if nowhere."""
    folder = home / maildir.lstrip("/")
    for place in (".", *SUBFOLDERS):
        try:
            if (folder / place / "cur").is_dir():
                return place
        except OSError:
            return ""
    return ""
