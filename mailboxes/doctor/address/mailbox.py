"""What a mailbox's own row says: its state, its password, its quota, and what it may do."""

from collections.abc import Iterator

from django.utils.formats import date_format

from mailboxes import sending, usage
from mailboxes.conf import MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, not_checked, warning, working
from mailboxes.doctor.remedies import Remedy
from mailboxes.doctor.tables import stored_passwords
from mailboxes.doctor.tables.mailboxes import Found, read, read_password, relations
from mailboxes.formats import size
from mailboxes.inspection.report import form_label
from mailboxes.inspection.rows import password_form
from mailboxes.models import Mailbox
from mailboxes.passwords.schemes import is_checkable
from mailboxes.texts import gettext as _

HINDRANCES = ("mailbox.send", "mailbox.full", "mailbox.refused", "mailbox.relayed")
"""Warnings about mailboxes with which a hop would fail, although it works."""


def row_findings(row: Mailbox) -> Iterator[Finding]:
    params = {"address": row.pk}
    if row.active:
        yield working("mailbox", _("%(address)s is an active mailbox.") % params)
        return
    seen = _("The mailbox %(address)s is disabled, so its owner can't sign in.") % params
    remedy = Remedy(_("Enable it in the panel's list of mailboxes."))
    yield broken("mailbox.disabled", seen, remedy)


def password_findings(examination: Examination, row: Mailbox, typed: str) -> Iterator[Finding]:
    """Say what the daemons make of the stored password, and whether it is what was typed."""
    found = Found()
    read_password(examination.host, found, row.pk, row.password)
    wrong = list(stored_passwords.findings(found.report, found.open, found.salts))
    yield from wrong
    if not wrong:
        seen = _("The daemons can check its password. %(form)s.")
        form = form_label(password_form(row.password))
        yield working("mailbox.password", seen % {"form": form})
    if typed:
        yield typed_finding(row, typed)


def relation_findings(examination: Examination, row: Mailbox) -> Iterator[Finding]:
    """Name what is wrong with an active mailbox's own alias and quota."""
    found = Found()
    read(examination.host, found, [(row.pk, row.domain_id, row.password, row.quota)])
    for finding in relations(examination, found.rows):
        if finding.state != State.WORKING and finding.code != "tables.mailboxes.domain":
            yield finding


def typed_finding(row: Mailbox, typed: str) -> Finding:
    if row.check_password(typed):
        return working("mailbox.typed", _("The password that was typed is the right one."))
    if not is_checkable(row.password):
        seen = _("The panel can't compare the password that was typed with the stored one.")
        return not_checked("mailbox.typed", seen)
    seen = _("The password that was typed is wrong.")
    remedy = Remedy(_("Try again, or set a new one on the mailbox's page in the panel."))
    return broken("mailbox.typed", seen, remedy)


def use_findings(host: MailHost, row: Mailbox) -> Iterator[Finding]:
    if not sending.may_send(row.pk):
        seen = _("It is receive-only: its owner can't sign in to send (smtp_active).")
        remedy = Remedy(_("If that isn't intended, change it on the mailbox's page in the panel."))
        yield warning("mailbox.send", seen, remedy)
    known = usage.find([row.pk])[row.pk]
    if known.bytes is None:
        seen = _("Quota: %(quota)s. How much of it is used isn't known.")
        yield working("mailbox.quota", seen % {"quota": size(row.quota)})
    else:
        yield quota_finding(row.quota, known.bytes)
    if known.last_login:
        seen = _("Its owner last signed in on %(time)s.")
        time = date_format(known.last_login, "DATETIME_FORMAT")
        yield working("mailbox.signed_in", seen % {"time": time})


def quota_finding(quota: int, used: int) -> Finding:
    params = {"quota": size(quota), "used": size(used) if used else "0"}
    remedy = Remedy(_("Raise the quota on the mailbox's page, or let its owner delete mail."))
    if 0 < quota <= used:
        seen = _("Quota: %(quota)s. Used: %(used)s. The mailbox is full, so mail to it is refused.")
        return broken("mailbox.full", seen % params, remedy)
    seen = _("Quota: %(quota)s. Used: %(used)s.") % params
    if quota > 0 and used * 100 >= quota * usage.NEARLY_FULL:
        return warning("mailbox.quota", seen, remedy)
    return working("mailbox.quota", seen)
