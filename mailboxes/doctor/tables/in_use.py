"""Whether anybody can use this host: active domains and mailboxes, and owners who may send."""

from collections.abc import Iterator

from django.db import connections
from django.db.models import Q

from mailboxes.actions.canary import PREFIX
from mailboxes.addresses import BadAddress, DomainName
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, warning
from mailboxes.doctor.remedies import Remedy, on_database
from mailboxes.inspection.lines import CountedRows
from mailboxes.models import Domain, Mailbox
from mailboxes.routing import RELAYING, Kind
from mailboxes.sending import is_known
from mailboxes.texts import gettext as _
from mailboxes.texts import ngettext

MAY_SEND = (
    "SELECT 1 FROM mailbox WHERE active = 1 AND smtp_active = 1 AND username NOT LIKE %s LIMIT 1"
)
ENABLE_DOMAINS = "UPDATE domain SET active = 1"
ENABLE_MAILBOXES = "UPDATE mailbox SET active = 1"
LET_SEND = "UPDATE mailbox SET smtp_active = 1"
DELIVER = "UPDATE domain SET transport = 'virtual', backupmx = 0 WHERE domain = 'NAME'"
MAX_DOMAINS = 100


def examine(examination: Examination) -> Iterator[Finding]:
    mailboxes = Mailbox.objects.exclude(pk__startswith=PREFIX)
    if not mailboxes.exists():
        return
    yield from no_domain(examination)
    if not mailboxes.filter(active=True).exists():
        seen = _("None of the mailboxes is active, so nobody can sign in, and mail is refused.")
        yield warning("tables.mailboxes.inactive", seen, enable(examination, ENABLE_MAILBOXES))
    elif is_known() and not may_anybody_send():
        seen = _("No owner of a mailbox may send, so each of them is refused on ports 587 and 465.")
        yield warning("tables.mailboxes.send", seen, enable(examination, LET_SEND))
    yield from relayed(examination)


def no_domain(examination: Examination) -> Iterator[Finding]:
    if Domain.objects.exists() and not Domain.objects.filter(active=True).exists():
        seen = _("None of the domains is active, so nobody can sign in, and all mail is refused.")
        yield broken("tables.domains.inactive", seen, enable(examination, ENABLE_DOMAINS))


def enable(examination: Examination, statement: str) -> Remedy:
    advice = _(
        "If that isn't intended, enable those that are needed in the panel's list. To enable all, "
        "run on the database host:"
    )
    return on_database(examination.host.database, statement)._replace(advice=advice)


def may_anybody_send() -> bool:
    with connections["mail"].cursor() as cursor:
        cursor.execute(MAY_SEND, [f"{PREFIX}%"])
        return cursor.fetchone() is not None


def relayed(examination: Examination) -> Iterator[Finding]:
    """Name domains with active mailboxes whose mail goes to other hosts."""
    found = CountedRows()
    relaying = Q(backupmx=True)
    for name in RELAYING:
        relaying |= Q(transport__iexact=name) | Q(transport__istartswith=f"{name}:")
    for domain in Domain.objects.filter(relaying, active=True)[:MAX_DOMAINS]:
        is_here = domain.route.kind == Kind.LOCAL
        if not is_here and Mailbox.objects.filter(domain_id=domain.pk, active=True).exists():
            found.add(domain.pk)
    if not found.count:
        return
    seen = ngettext(
        "%(count)s domain has mailboxes here, but its mail is relayed to other hosts: %(names)s.",
        "%(count)s domains have mailboxes here, but their mail is relayed to other hosts: "
        "%(names)s.",
        found.count,
    )
    yield warning("tables.domains.relayed", seen % found.params, deliver(examination, found))


def deliver(examination: Examination, relayed: CountedRows) -> Remedy:
    try:
        domain = str(DomainName.parse(relayed.examples[0]))
    except BadAddress:  # other programs also store other names
        return Remedy(_("If the mail is to arrive here, say so on the domain's page."))
    advice = _(
        "If the mail is to arrive here, say so on the domain's page. For %(domain)s, this does so "
        "on the database host:"
    )
    remedy = on_database(examination.host.database, DELIVER.replace("NAME", domain))
    return remedy._replace(advice=advice % {"domain": domain})
