"""What needs attention, for the dashboard."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from mailboxes.access.models import Grant
from mailboxes.access.scope import Scope
from mailboxes.audit.entries import last_time
from mailboxes.conf import MailHost, mail_host
from mailboxes.deployment.examinations import Reports
from mailboxes.deployment.states import State
from mailboxes.doctor.stored import last_report
from mailboxes.domain_addresses import without_roles
from mailboxes.errors import Refused
from mailboxes.export import compatibility
from mailboxes.export.prerequisites import check_exportable
from mailboxes.figures.counted import Counted, last_counted
from mailboxes.formats import error_message, number
from mailboxes.forwarding.findings import MAX_ALIASES, check_table
from mailboxes.lookup_models import Flag
from mailboxes.lookup_tables.counts import exceed
from mailboxes.lookup_tables.flags import flagged
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.queries import CappedCount, capped_count
from mailboxes.storage_engines import check_engines

MAX_NAMES = 3
MAX_CHECKED = 2000
"""How many stored passwords are checked for the page."""

MAX_DOMAINS = 800
"""In how many domains the page looks for postmaster@ and abuse@."""

MAX_BACKUP_AGE = timedelta(days=3)
"""The timer makes one every night."""


@dataclass(frozen=True)
class Notice:
    """Something that needs attention, how urgently, and the page to deal with it."""

    text: str
    tone: str = "warn"
    page: str = ""
    """The name of a URL; `domain`, `mailbox` and so on are the models' lists."""

    query: str = ""
    link: str | Promise = ""
    names: list[str] = field(default_factory=list)


def notices(scope: Scope, reports: Reports) -> Iterator[Notice]:
    """Yield what needs attention, the worst first, as far as the administrator may see it."""
    if scope.is_everything:
        yield from doctor_notices(reports)
        yield from engine_notices()
    try:
        host = mail_host()
        check_exportable(host)
    except Refused as error:
        if scope.is_everything:
            text = _("The configuration can't be exported: %(reason)s") % {
                "reason": error_message(error)
            }
            yield Notice(text, "bad", "configuration", link=_("Configuration"))
    else:
        if scope.allows("mailbox.view"):
            yield from password_notices(host, scope)
        if scope.is_everything and host.scheme.weakness:
            text = _("New passwords are stored as %(scheme)s, which is weak.") % {
                "scheme": host.scheme.name
            }
            yield Notice(text, page="configuration", link=_("What this means"))
    if scope.allows("domain.view"):
        yield from domain_notices(scope)
    if scope.allows("alias.view"):
        yield from alias_notices(scope)
    if scope.is_everything:
        yield from role_notices()
        yield from backup_notices()


def doctor_notices(reports: Reports) -> Iterator[Notice]:
    """Say what the doctor has found broken, and that its timer has stopped."""
    last = last_report(reports)
    if last and last.decisive:
        is_broken = last.verdict == State.BROKEN
        found = _("The doctor has a warning about %(machine)s (%(ago)s):")
        if is_broken:
            found = _("The doctor found something broken on %(machine)s (%(ago)s):")
        text = found % {"machine": last.row.machine, "ago": naturaltime(last.row.examined)}
        names = [str(result.hop.title) for result in last.decisive]
        yield Notice(text, "bad" if is_broken else "warn", "doctor", "", _("What to do"), names)
    if reports.silent_since:
        silent = _("The doctor's timer last reported %(ago)s. Check that it runs: %(command)s")
        command = "systemctl status mailadmin-doctor.timer"
        text = silent % {"ago": naturaltime(reports.silent_since), "command": command}
        yield Notice(text, "warn", "doctor", link=_("Doctor"))


def engine_notices() -> Iterator[Notice]:
    try:
        check_engines()
    except Refused as error:
        yield Notice(error_message(error), "bad")


def password_notices(host: MailHost, scope: Scope) -> Iterator[Notice]:
    """Read the stored passwords, unless there are too many for a page: then say what was counted
    once a day.
    """
    mailboxes = scope.narrow(Mailbox.objects.all())
    counted = Counted()
    if is_large := exceed(mailboxes, MAX_CHECKED, scope.domains):
        counted = last_counted(host.key, scope.domains)
    yield from sign_in_notices(host, scope, mailboxes, is_large, counted)
    if not host.scheme.weakness:
        yield from weak_password_notices(host.scheme.name, mailboxes, scope, is_large, counted)


def sign_in_notices(
    host: MailHost, scope: Scope, mailboxes: QuerySet, is_large: bool, counted: Counted
) -> Iterator[Notice]:
    query = f"from={host.key}&to={host.key}"
    page = "upgrade" if scope.is_everything else ""
    number_of_them = counted.locked_out
    if not is_large:
        number_of_them = compatibility.check(host, host, mailboxes).cannot_sign_in_count
    elif number_of_them is None:
        text = _(
            "There are too many mailboxes (more than %(limit)s) to check all passwords here."
        ) % {"limit": number(MAX_CHECKED)}
        yield Notice(text, "info", page, query, _("Check now"))
    if number_of_them:
        text = ngettext(
            "%(count)s active mailbox can't sign in, because the mail host doesn't support the way "
            "its password is stored.",
            "%(count)s active mailboxes can't sign in, because the mail host doesn't support the "
            "way their passwords are stored.",
            number_of_them,
        ) % {"count": number(number_of_them)}
        yield Notice(as_counted(text, counted), "bad", page, query, _("Show details"))


def as_counted(text: str, counted: Counted) -> str:
    """Say of which day a number is, if it was counted once a day."""
    if counted.day is None:
        return text
    day = date_format(counted.day, "SHORT_DATE_FORMAT")
    return _("Counted on %(day)s: %(text)s") % {"day": day, "text": text}


def weak_password_notices(
    scheme: str, mailboxes: QuerySet, scope: Scope, is_large: bool, counted: Counted
) -> Iterator[Notice]:
    names: list[str] = []
    if are_kept():
        counted, flags = Counted(), flagged(Flag.WEAK, scope.domains)
        count = capped_count(flags)
        names = list(flags.order_by("address").values_list("address", flat=True)[:MAX_NAMES])
    elif is_large:
        count = CappedCount(counted.weak or 0)
    else:
        found = compatibility.weak_passwords(mailboxes)
        count, names = CappedCount(len(found)), found[:MAX_NAMES]
    if count:
        text = ngettext(
            "%(count)s password is still stored with a weak hash. New passwords use %(scheme)s.",
            "%(count)s passwords are still stored with weak hashes. New passwords use %(scheme)s.",
            count.number,
        )
        text = as_counted(text % {"count": count, "scheme": scheme}, counted)
        yield Notice(text, "warn", "mailbox", "attention=weak", _("Show"), names)


def domain_notices(scope: Scope) -> Iterator[Notice]:
    disabled = scope.narrow(Domain.objects.filter(active=False))
    if found := capped_count(disabled):
        text = ngettext(
            "%(count)s domain is disabled and receives no mail.",
            "%(count)s domains are disabled and receive no mail.",
            found.number,
        )
        names = list(disabled.values_list("pk", flat=True)[:MAX_NAMES])
        yield Notice(text % {"count": found}, "warn", "domain", "active__exact=0", _("Show"), names)
    if scope.allows("alias.create"):
        yield from role_address_notices(scope)


def role_address_notices(scope: Scope) -> Iterator[Notice]:
    """Name domains without postmaster@ or abuse@, or how many were counted once a day."""
    domains = scope.narrow(Domain.objects.all())
    counted, names = Counted(), list[str]()
    if capped_count(domains, MAX_DOMAINS).more:
        counted = last_counted("", None) if scope.domains is None else counted
        found = CappedCount(counted.lacking_roles or 0)
    else:
        lacking = without_roles(domains)
        found = capped_count(lacking)
        names = list(lacking.values_list("pk", flat=True)[:MAX_NAMES])
    if found:
        text = ngettext(
            "%(count)s domain lacks postmaster@ or abuse@, for which every domain should accept "
            "mail.",
            "%(count)s domains lack postmaster@ or abuse@, for which every domain should accept "
            "mail.",
            found.number,
        )
        text = as_counted(text % {"count": found}, counted)
        yield Notice(text, "info", "domain", "attention=roles", _("Show"), names)


def alias_notices(scope: Scope) -> Iterator[Notice]:
    """Follow every alias, unless there are too many for a page."""
    found = check_table(scope.narrow(Alias.objects.all()), scope.domains)
    if found is None:
        message = _(
            "There are too many aliases (more than %(limit)s) to check here where they lead. To "
            "check them, run: manage.py checkaliases"
        )
        if not scope.is_everything:
            message = _(
                "There are too many aliases (more than %(limit)s) to check here where they lead. "
                "Ask a superuser to check them."
            )
        yield Notice(message % {"limit": number(MAX_ALIASES)}, "info")
    if deferred := [finding.alias for finding in found or [] if finding.is_deferred]:
        text = ngettext(
            "Mail to %(count)s alias is deferred, because of a loop or too many targets.",
            "Mail to %(count)s aliases is deferred, because of loops or too many targets.",
            len(deferred),
        ) % {"count": number(len(deferred))}
        names, query = deferred[:MAX_NAMES], "kind=all&attention=deferred"
        yield Notice(text, "bad", "alias", query, _("Show"), names)
    if dead := [finding.alias for finding in found or [] if not finding.is_deferred]:
        text = ngettext(
            "%(count)s alias forwards to addresses that don't exist or are disabled.",
            "%(count)s aliases forward to addresses that don't exist or are disabled.",
            len(dead),
        ) % {"count": number(len(dead))}
        names, query = dead[:MAX_NAMES], "kind=all&attention=dead"
        yield Notice(text, "warn", "alias", query, _("Show"), names)


def role_notices() -> Iterator[Notice]:
    """Name the administrators whose individual permissions an upgrade has replaced by a role."""
    replaced = Grant.objects.exclude(replaced="").order_by("user__username")
    if names := list(replaced.values_list("user__username", flat=True)):
        text = ngettext(
            "The individual permissions of %(count)s administrator were replaced by the closest "
            "role that doesn't grant any additional permissions. Check the role and save it.",
            "The individual permissions of %(count)s administrators were replaced by the closest "
            "role that doesn't grant any additional permissions. Check each role and save it.",
            len(names),
        )
        text %= {"count": number(len(names))}
        yield Notice(text, "warn", "admin:auth_user_changelist", "", _("Show"), names[:MAX_NAMES])


def backup_notices() -> Iterator[Notice]:
    """Say that backups have stopped, unless they have always been made without the panel."""
    last = last_time("panel.backup")
    if last and last < timezone.now() - MAX_BACKUP_AGE:
        text = _("The last backup was made %(ago)s. Check that its timer runs: %(command)s")
        command = "systemctl status mailadmin-backup.timer"
        yield Notice(text % {"ago": naturaltime(last), "command": command})
