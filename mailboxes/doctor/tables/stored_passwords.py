"""What the daemons make of the stored passwords."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy

from mailboxes import texts
from mailboxes.doctor.finding import Finding, broken, warning, working
from mailboxes.doctor.remedies import APPLY_COMMAND, Remedy
from mailboxes.export.compatibility import Group, Report
from mailboxes.formats import number
from mailboxes.inspection.lines import CountedRows
from mailboxes.inspection.report import form_label
from mailboxes.inspection.rows import Rows
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.texts import gettext as _
from mailboxes.texts import ngettext

NEW = Remedy(gettext_lazy("Set new passwords on the mailboxes' pages."))
AGAIN = Remedy(
    gettext_lazy(
        "Let their owners enter their passwords at /password/, which stores them again in the "
        "host's scheme. Or set new ones on the mailboxes' pages."
    )
)
ALLOW = Remedy(
    gettext_lazy(
        "Let their owners change their passwords, or set MAIL_ALLOW_WEAK_SCHEMES=true in .env, "
        "then export and apply:"
    ),
    APPLY_COMMAND,
)
SCHEME = Remedy(
    gettext_lazy(
        "Let their owners choose new passwords, which are stored in the host's scheme, or set "
        "MAIL_PASSWORD_SCHEME in .env to one with which only PLAIN and LOGIN are offered."
    )
)
REMEDIES = {
    Reason.WEAK: ALLOW,
    Reason.NOT_FOR_PAM: AGAIN,
    Reason.PAGE_ONLY: AGAIN,
}


def findings(report: Report, opened: CountedRows, salts: CountedRows) -> Iterator[Finding]:
    yield from anyone(opened)
    for problem, group in report.groups.items():
        if problem.reason == Reason.PLAIN_ONLY:
            yield not_with_all(group)
        elif problem.reason != Reason.TOLERATED:  # that has been chosen
            yield locked_out(problem, group)
    if salts.count:
        seen = ngettext(
            "The hash of %(count)s mailbox has an empty salt or the one that PostfixAdmin always "
            "used, so its password is quick to crack: %(names)s.",
            "The hashes of %(count)s mailboxes have an empty salt or the one that PostfixAdmin "
            "always used, so their passwords are quick to crack: %(names)s.",
            salts.count,
        )
        yield warning("tables.passwords.salt", seen % salts.params, AGAIN)


def anyone(opened: CountedRows) -> Iterator[Finding]:
    if opened.count:
        seen = ngettext(
            "Anyone can sign in to %(count)s mailbox with any password or an empty one: %(names)s.",
            "Anyone can sign in to %(count)s mailboxes with any password or an empty one: "
            "%(names)s.",
            opened.count,
        )
        yield broken("tables.passwords.open", seen % opened.params, NEW)


def locked_out(problem: Problem, group: Group) -> Finding:
    seen = ngettext(
        "The owner of %(count)s mailbox can't sign in: %(reason)s (%(names)s).",
        "The owners of %(count)s mailboxes can't sign in: %(reason)s (%(names)s).",
        group.count,
    )
    code = f"tables.passwords.{problem.reason.name.lower()}"
    return broken(code, seen % params(group), REMEDIES.get(problem.reason, NEW))


def not_with_all(group: Group) -> Finding:
    seen = ngettext(
        "The owner of %(count)s mailbox can't sign in with every mechanism on offer: %(reason)s "
        "(%(names)s).",
        "The owners of %(count)s mailboxes can't sign in with every mechanism on offer: %(reason)s "
        "(%(names)s).",
        group.count,
    )
    return warning("tables.passwords.plain_only", seen % params(group), SCHEME)


def params(group: Group) -> dict[str, str]:
    return CountedRows(group.count, group.addresses).params | {"reason": group.text}


def schemes(rows: Rows) -> Finding:
    """Say how many of the active mailboxes have a password in which form."""
    counts = texts.join(
        ". ",
        [
            texts.join(": ", [texts.translated(form_label(form)), number(count)])
            for form, count in rows.passwords.most_common()
        ],
    )
    total = number(rows.passwords.total())
    seen = _("Active mailboxes: %(total)s. %(counts)s.") if counts else _("There is no mailbox.")
    return working("tables.passwords", seen % {"total": total, "counts": counts})
