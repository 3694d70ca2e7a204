"""Mailboxes: who can't sign in and why, whom anyone can be, and whose mail others get."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from shlex import quote

from mailboxes.actions.canary import PREFIX
from mailboxes.conf import MailHost
from mailboxes.deployment.states import State
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning, working
from mailboxes.doctor.remedies import Remedy, on_database
from mailboxes.doctor.tables import stored_passwords
from mailboxes.doctor.tables.walking import Walk, unfinished
from mailboxes.export.compatibility import Report, StoredPassword
from mailboxes.inspection.lines import CountedRows
from mailboxes.inspection.rows import Rows, keys, password_form, read_quota, read_relations
from mailboxes.models import Alias, Domain, Mailbox
from mailboxes.passwords.dovecot_schemes import is_open_to_anyone
from mailboxes.passwords.schemes import has_shared_salt
from mailboxes.texts import gettext as _
from mailboxes.texts import ngettext

COLUMNS = ("username", "domain_id", "password", "quota")
ENABLE = (
    "UPDATE alias SET active = 1 WHERE address IN (SELECT username FROM mailbox WHERE active = 1)"
)
ADD = (
    "INSERT INTO alias (address, goto, domain, created, modified, active) "
    "SELECT username, username, domain, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 1 FROM mailbox "
    "WHERE active = 1 AND username NOT IN (SELECT address FROM alias)"
)


@dataclass
class Found:
    """What is kept of the active mailboxes."""

    report: Report = field(default_factory=Report)
    rows: Rows = field(default_factory=Rows)
    open: CountedRows = field(default_factory=CountedRows)
    """Those that any password opens, or an empty one."""

    salts: CountedRows = field(default_factory=CountedRows)
    """Those whose hashes have the same salt, or none."""


def examine(examination: Examination, deadline: float) -> Iterator[Finding]:
    host, found = examination.host, Found()
    rows = Mailbox.objects.filter(active=True).exclude(pk__startswith=PREFIX)
    walk = Walk(rows.values_list(*COLUMNS), deadline, key=itemgetter(0))
    for batch in walk:
        read(host, found, batch)
    yield from stored_passwords.findings(found.report, found.open, found.salts)
    said = [stored_passwords.schemes(found.rows), *relations(examination, found.rows)]
    # What is in order among the first needn't be so among the others.
    yield from (each for each in said if walk.is_complete or each.state != State.WORKING)
    yield from unfinished("tables.mailboxes", walk, _("mailboxes"))


def read(host: MailHost, found: Found, batch: list[tuple[str, str, str, int]]) -> None:
    active = keys(Domain.objects.filter(active=True), {row[1] for row in batch})
    domains = {name.lower() for name in active}
    for address, domain, stored, quota in batch:
        found.rows.passwords[password_form(stored)] += 1
        read_quota(found.rows, address, quota)
        if domain.lower() in domains:
            read_password(host, found, address, stored)
    own = Alias.objects.filter(active=True)
    read_relations(found.rows, {row[0]: row[1] for row in batch}, own)


def read_password(host: MailHost, found: Found, address: str, stored: str) -> None:
    if host.scheme.pam_crypt is None and is_open_to_anyone(stored):
        found.open.add(address)
    else:
        found.report.add_problem(StoredPassword(address, "", stored, ""), host, host)
    if has_shared_salt(stored):
        found.salts.add(address)


def relations(examination: Examination, rows: Rows) -> Iterator[Finding]:
    noteworthy = rows.noteworthy
    found = [
        *without_domain(noteworthy["without_domain"]),
        *caught(examination, noteworthy["caught"]),
        *without_alias(examination, noteworthy["without_alias"]),
    ]
    yield from found
    if not found:
        seen = _("Every active mailbox has its domain and its own alias.")
        yield working("tables.mailboxes", seen)
    yield from negative_quota(noteworthy["negative_quota"])


def without_domain(rows: CountedRows) -> Iterator[Finding]:
    if rows.count:
        seen = ngettext(
            "%(count)s mailbox is in a domain that doesn't exist, so its owner can't sign in and "
            "mail to it is refused: %(names)s.",
            "%(count)s mailboxes are in a domain that doesn't exist, so their owners can't sign in "
            "and mail to them is refused: %(names)s.",
            rows.count,
        )
        domain = rows.examples[0].rpartition("@")[2]
        command = f".venv/bin/python manage.py createdomain {quote(domain)}"
        advice = _(
            "If nobody needs the mailboxes, delete them in the panel's list. Otherwise, create the "
            "domain:"
        )
        yield broken("tables.mailboxes.domain", seen % rows.params, Remedy(advice, command))


def give_own_aliases(examination: Examination) -> Remedy:
    advice = _(
        "To give every active mailbox an active alias of its own, run this on the database host. "
        "It also enables such aliases that were disabled on purpose:"
    )
    return on_database(examination.host.database, ENABLE, ADD)._replace(advice=advice)


def caught(examination: Examination, rows: CountedRows) -> Iterator[Finding]:
    if rows.count:
        seen = ngettext(
            "Mail for %(count)s mailbox goes to the catch-all of its domain, since it has no "
            "active alias of its own: %(names)s.",
            "Mail for %(count)s mailboxes goes to the catch-all of their domain, since they have "
            "no active alias of their own: %(names)s.",
            rows.count,
        )
        remedy = give_own_aliases(examination)
        yield broken("tables.mailboxes.caught", seen % rows.params, remedy)


def without_alias(examination: Examination, rows: CountedRows) -> Iterator[Finding]:
    if rows.count:
        seen = ngettext(
            "%(count)s mailbox has no active alias of its own, so a catch-all would take its mail: "
            "%(names)s.",
            "%(count)s mailboxes have no active alias of their own, so a catch-all would take "
            "their mail: %(names)s.",
            rows.count,
        )
        remedy = give_own_aliases(examination)
        yield warning("tables.mailboxes.alias", seen % rows.params, remedy)


def negative_quota(rows: CountedRows) -> Iterator[Finding]:
    if rows.count:
        seen = ngettext(
            "%(count)s mailbox has a negative quota, so it is unlimited: %(names)s.",
            "%(count)s mailboxes have a negative quota, so they are unlimited: %(names)s.",
            rows.count,
        )
        remedy = Remedy(_("Enter the intended quota on each mailbox's page."))
        yield warning("tables.mailboxes.quota", seen % rows.params, remedy)
