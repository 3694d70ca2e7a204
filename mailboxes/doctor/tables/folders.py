"""Whether mail is where the daemons look: a sample of the folders on this machine."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shlex import quote

from mailboxes.conf import MailHost
from mailboxes.doctor.elsewhere import not_here
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, working
from mailboxes.doctor.remedies import APPLY_COMMAND, Remedy, on_database
from mailboxes.export.mail_check import best_location
from mailboxes.export.mail_folders import MAILDIR, Sample, sample_rows, take_sample
from mailboxes.formats import number
from mailboxes.models import Mailbox
from mailboxes.texts import gettext as _

MAX_NAMED = 20
FOLDERS = {
    "mysql": "UPDATE mailbox SET maildir = CONCAT(domain, '/', local_part, '/') WHERE maildir = ''",
    "sqlite": "UPDATE mailbox SET maildir = domain || '/' || local_part || '/' WHERE maildir = ''",
}


def examine(examination: Examination, deadline: float) -> Iterator[Finding]:
    yield from without_folder(examination.host)
    if examination.host.variant.name == "v1" and not examination.host.location.folder:
        yield from without_slash(examination.host)
    if not examination.access.is_mail_host:
        yield not_here("tables.folders")
        return
    sample = take_sample(examination.host)
    found = [
        *misplaced(examination, sample),
        *other_format(sample),
        *foreign_owner(examination.host),
    ]
    yield from found
    if sample.unreadable:
        seen = _("The panel's account can't read %(path)s.") % {"path": sample.unreadable}
        yield not_checked("tables.folders.unreadable", seen)
    elif not found:
        yield working("tables.folders", _("Mail is where the daemons look for it."))


def without_folder(host: MailHost) -> Iterator[Finding]:
    """Name mailboxes whose mail would all go into one folder; an export refuses them."""
    found = list(Mailbox.objects.filter(maildir="").values_list("pk", flat=True)[:MAX_NAMED])
    if not found:
        return
    seen = _("Mailboxes have no folder: their column maildir is empty.")
    statement = FOLDERS["sqlite" if host.database.engine == "sqlite" else "mysql"]
    advice = _("If their mail is in a folder DOMAIN/NAME/, as usual, run on the database host:")
    remedy = on_database(host.database, statement)._replace(advice=advice)
    finding = broken("tables.mailboxes.folder", seen, remedy)
    yield replace(finding, mailboxes=tuple(found))


def without_slash(host: MailHost) -> Iterator[Finding]:
    """Name mailboxes of which Postfix takes the folder for a file (virtual(8))."""
    rows = Mailbox.objects.exclude(maildir="").exclude(maildir__endswith="/")
    found = list(rows.values_list("pk", flat=True)[:MAX_NAMED])
    if not found or host.location.subfolder:
        return
    seen = _("Their mail goes into a file, not a folder: the column maildir lacks its last slash.")
    statement = "UPDATE mailbox SET maildir = CONCAT(maildir, '/') WHERE maildir NOT LIKE '%/'"
    advice = _("Run this on the database host; waiting mail is then delivered:")
    remedy = on_database(host.database, statement)._replace(advice=advice)
    finding = broken("tables.mailboxes.slash", seen, remedy)
    yield replace(finding, mailboxes=tuple(found))


def foreign_owner(host: MailHost) -> Iterator[Finding]:
    """Name a folder that the daemons can't write, such as one that root has restored."""
    paths = (host.location.path(host.home, address, maildir) for address, maildir in sample_rows())
    folders = (f"{path}/{part}".rstrip("/") for path in paths for part in ("", *MAILDIR))
    foreign = [folder for folder in folders if owner(folder) not in (None, host.uid)]
    if not foreign:
        return
    path = foreign[0]
    seen = _("%(path)s doesn't belong to the user %(uid)s, so no mail can be stored there.")
    command = f"chown -R {host.uid}:{host.gid} {quote(host.home)}"
    remedy = Remedy(_("Make that user the owner of all mail again:"), command)
    yield broken("tables.folders.owner", seen % {"path": path, "uid": host.uid}, remedy)


def owner(path: str) -> int | None:
    try:
        return Path(path).stat().st_uid
    except (OSError, ValueError):  # it isn't there, or can't be seen
        return None


def misplaced(examination: Examination, sample: Sample) -> Iterator[Finding]:
    for first in sample.misplaced[:1]:
        seen = _(
            "The mail of %(count)s of the %(checked)s mailboxes that were checked isn't where the "
            "daemons look for it: that of %(address)s is in %(found)s, not in %(expected)s."
        ) % {
            "count": number(len(sample.misplaced)),
            "checked": number(sample.checked),
            "address": first.address,
            "found": first.found,
            "expected": first.expected,
        }
        best = best_location(examination.host, sample)
        if best == examination.host.location:
            remedy = Remedy(_("Move this mail to where the daemons look for it."))
        else:
            advice = _("Set MAIL_LOCATION=%(location)s in .env, then export and apply:")
            setting = {"location": best.setting(examination.host.home)}
            remedy = Remedy(advice % setting, APPLY_COMMAND)
        yield broken("tables.folders.misplaced", seen, remedy)


def other_format(sample: Sample) -> Iterator[Finding]:
    for address, path in sample.other_format[:1]:
        seen = _("The mail of %(address)s in %(path)s isn't in Maildir format.")
        advice = _(
            "Convert it to Maildir, for example with “doveadm sync”. (“doveadm backup” would "
            "delete new mail that is already in the Maildir.)"
        )
        remedy = Remedy(advice)
        yield broken("tables.folders.format", seen % {"address": address, "path": path}, remedy)
