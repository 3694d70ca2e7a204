"""Domains that Postfix can't deliver to: alias domains to nowhere, and those served otherwise."""

from collections.abc import Iterator
from operator import itemgetter
from shlex import quote

from django.db.models import Q

from mailboxes import conf
from mailboxes.doctor.access import KEPT, Access, is_there
from mailboxes.doctor.examination import Examination
from mailboxes.doctor.finding import Finding, broken, working
from mailboxes.doctor.remedies import APPLY, Remedy, restart_command
from mailboxes.doctor.tables import in_use, mail_for_root, postfix_name, served_otherwise
from mailboxes.doctor.tables.walking import Walk, unfinished
from mailboxes.inspection.lines import CountedRows
from mailboxes.inspection.rows import keys
from mailboxes.models import AliasDomain, Domain
from mailboxes.relay_loops import leads_back
from mailboxes.texts import gettext as _
from mailboxes.texts import ngettext


def examine(examination: Examination, deadline: float) -> Iterator[Finding]:
    found = [
        *own_names(examination),
        *served_otherwise.examine(examination),
        *mail_for_root.examine(examination),
        *relay_loops(examination, deadline),
        *alias_domains(deadline),
        *in_use.examine(examination),
    ]
    yield from found
    if not found:
        seen = _("No domain is also the mail host's own name, and every alias domain has a target.")
        yield working("tables.domains", seen)


def own_names(examination: Examination) -> Iterator[Finding]:
    """Find domains for whose addresses Postfix looks in /etc/passwd instead of in the tables."""
    exported = conf.own_names(examination.host.hostname)
    names = set(exported)
    access = examination.access
    if access.sees_all and not is_there(KEPT):  # else by what follows
        output = access.run(["postconf", "-xh", "mydestination"]).stdout
        names.update(name.lower() for name in output.replace(",", " ").split())
    for name in keys(Domain.objects.filter(active=True), names):
        seen = _(
            "%(domain)s is a domain in the table and one of the mail host's own names "
            "(mydestination), so Postfix refuses mail to its addresses."
        )
        remedy = APPLY  # it isn't exported
        if access.sees_all and not is_there(KEPT):
            is_its_name = postfix_name.is_taken_from(access, name)
            host = examination.host
            remedy = postfix_name.rename(host) if is_its_name else take_out(access, name)
        if name.lower() == examination.host.hostname:
            remedy = Remedy(_("Set MAIL_HOSTNAME in .env to another name, then export and apply."))
        elif name.lower() in exported:
            remedy = Remedy(_("Rename the domain, or delete it, in the panel's list of domains."))
        yield broken("tables.own_name", seen % {"domain": name}, remedy)


def take_out(access: Access, domain: str) -> Remedy:
    """Remove a domain from mydestination: `apply` would refuse to, since users may have mail."""
    listed = access.run(["postconf", "-h", "mydestination"]).stdout.replace(",", " ").split()
    others = [name for name in listed if name.lower() != domain.lower()]
    if others == listed:
        others = ["$myhostname", "localhost.$mydomain", "localhost"]
    setting = quote(f"mydestination = {', '.join(others)}")
    advice = _("Unless this machine's own users have addresses in it, take it out:")
    return Remedy(advice, f"postconf -e {setting} && {restart_command('postfix')}")


def relay_loops(examination: Examination, deadline: float) -> Iterator[Finding]:
    """Find domains whose mail is relayed to the mail host itself, so that it bounces."""
    looping = CountedRows()
    relaying = Q(transport__istartswith="smtp:") | Q(transport__istartswith="relay:")
    walk = Walk(Domain.objects.filter(relaying, active=True), deadline)
    for batch in walk:
        for domain in batch:
            is_here = examination.access.is_mail_host
            if leads_back(domain.route.next_hop, examination.host.hostname, is_here):
                looping.add(f"{domain} ({domain.route.next_hop})")
    if looping.count:
        seen = ngettext(
            "The mail of %(count)s domain bounces, since it is relayed to the mail host itself: "
            "%(names)s.",
            "The mail of %(count)s domains bounces, since it is relayed to the mail host itself: "
            "%(names)s.",
            looping.count,
        )
        remedy = Remedy(_("Enter another host to relay to on the domain's page."))
        yield broken("tables.relay_loops", seen % looping.params, remedy)
    yield from unfinished("tables.relay_loops", walk, _("relayed domains"))


def alias_domains(deadline: float) -> Iterator[Finding]:
    """Find alias domains that aren't in the table of domains, or whose target isn't."""
    lost = CountedRows()
    rows = AliasDomain.objects.filter(active=True).values_list("alias_domain", "target_domain")
    walk = Walk(rows, deadline, key=itemgetter(0))
    for batch in walk:
        names = {name.lower() for row in batch for name in row}
        known = {name.lower() for name in keys(Domain.objects.all(), names)}
        for name, target in batch:
            if not {name.lower(), target.lower()} <= known:
                lost.add(name)
    if lost.count:
        seen = ngettext(
            "Mail to %(count)s alias domain is refused, since it or its target isn't in the table "
            "of domains: %(names)s.",
            "Mail to %(count)s alias domains is refused, since they or their targets aren't in the "
            "table of domains: %(names)s.",
            lost.count,
        )
        remedy = Remedy(_("Create the domain, or delete the alias domain in the panel's list."))
        yield broken("tables.alias_domains", seen % lost.params, remedy)
    yield from unfinished("tables.domains", walk, _("alias domains"))
