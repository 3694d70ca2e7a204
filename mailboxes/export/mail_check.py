"""Refuses a configuration that would put existing mail out of sight."""

from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from mailboxes.conf import MailHost
from mailboxes.errors import gettext_noop
from mailboxes.export.bundle import BadExport
from mailboxes.export.mail_folders import Sample, take_sample
from mailboxes.formats import database_message
from mailboxes.mail_location import MailLocation
from mailboxes.models import Mailbox
from mailboxes.queries import slices

NO_SLASH = gettext_noop(
    "The folder of %(address)s in the column “maildir” is “%(maildir)s”. It must end with a slash: "
    "without one, it is an mbox file to Postfix, and only Maildir is supported. If the mail is in "
    "a Maildir all the same, set MAIL_LOCATION to its path, such as maildir:%(home)s/%%d/%%n."
)
ELSEWHERE = gettext_noop(
    "The folder of %(address)s is %(maildir)s, but with V1, all folders must be below MAIL_HOME "
    "(%(home)s), because Postfix delivers only there. Set MAIL_HOME to a folder above all of them."
)
MISPLACED = gettext_noop(
    "The mail of %(address)s is in %(found)s, but with MAIL_LOCATION=%(location)s, the mail host "
    "would look for it in %(expected)s. Set MAIL_LOCATION=%(fitting)s, which is right for "
    "%(number)s of the %(checked)s mailboxes that were checked."
)
ALONE = gettext_noop(
    "The mail of %(address)s is in %(found)s, but with MAIL_LOCATION=%(location)s, the mail host "
    "would look for it in %(expected)s. No other setting is right for more mailboxes, so move this "
    "mail."
)
NOT_MAILDIR = gettext_noop(
    "The mail of %(address)s in %(path)s is not in a Maildir, the only format that is supported. "
    "Convert it first, for example with “doveadm backup”."
)


def check_mail(host: MailHost, number: int | None = None) -> str:
    """Raise BadExport if mail is known to be elsewhere; return what couldn't be checked.

    The column is read of all mailboxes, or of so many; the folders of a sample.

    Nothing is wrong with mailboxes that have no mail yet, or with mail on another machine.
    """
    try:
        if not host.location.folder:
            check_column(host, number)
        sample = take_sample(host)
    except DatabaseError as error:
        return _(
            "The mailboxes can't be read (%(reason)s), so it is not known whether their mail is "
            "where the mail host looks for it."
        ) % {"reason": database_message(error)}
    check_sample(host, sample)
    if not sample.unreadable:
        return ""
    return _(
        "The panel's account can't read %(path)s, so it is not known whether all mail is where the "
        "mail host looks for it. apply checks this on the mail host."
    ) % {"path": sample.unreadable}


def check_column(host: MailHost, number: int | None = None) -> None:
    """Raise BadExport for a folder in the column that the daemons can't use."""
    if number is None:
        for part, _is_last in slices(Mailbox.objects.all()):
            check_folders(host, Mailbox.objects.filter(part))
    elif last := Mailbox.objects.order_by("pk")[number : number + 1].first():
        check_folders(host, Mailbox.objects.filter(pk__lte=last.pk))
    else:
        check_folders(host, Mailbox.objects.all())


def check_folders(host: MailHost, mailboxes: QuerySet) -> None:
    rows = mailboxes.values_list("username", "maildir").order_by()
    problems = [(NO_SLASH, rows.exclude(maildir__endswith="/"))]
    if host.variant.name == "v1":
        absolute = rows.filter(maildir__startswith="/")
        problems.append((ELSEWHERE, absolute.exclude(maildir__startswith=f"{host.home}/")))
    for message, wrong in problems:
        for address, maildir in wrong[:1]:
            params = {"address": address, "maildir": maildir, "home": host.home}
            raise BadExport(message, params, code="folder")


def check_sample(host: MailHost, sample: Sample) -> None:
    for address, path in sample.other_format[:1]:
        raise BadExport(NOT_MAILDIR, {"address": address, "path": path}, code="mail")
    for misplaced in sample.misplaced[:1]:
        best = best_location(host, sample)
        params = {
            "address": misplaced.address,
            "found": misplaced.found,
            "expected": misplaced.expected,
            "location": host.mail_location,
            "fitting": best.setting(host.home),
            "number": sample.fitting[best],
            "checked": sample.checked,
        }
        raise BadExport(ALONE if best == host.location else MISPLACED, params, code="mail")


def best_location(host: MailHost, sample: Sample) -> MailLocation:
    """Return the location that finds the most mail; of equal ones the host's, then the first."""
    most = max(sample.fitting.values(), default=0)
    if sample.fitting[host.location] == most:
        return host.location
    return sample.fitting.most_common(1)[0][0]
