"""Where the mail for an address goes, as Postfix follows it through the tables."""

from collections.abc import Iterator
from shlex import quote

from mailboxes.access.scope import EVERYTHING
from mailboxes.doctor.finding import Finding, broken, warning, working
from mailboxes.doctor.remedies import Remedy
from mailboxes.domain_addresses import accepts_any
from mailboxes.forwarding.expansion import End, Expansion
from mailboxes.forwarding.findings import REASONS, check_one
from mailboxes.forwarding.lookups import LookUps, start_of
from mailboxes.forwarding.wording import finding_text, listed
from mailboxes.handling import Handling, handling_of, sentence_of
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.routing import Kind
from mailboxes.texts import gettext as _


def domain_findings(name: str, row: Mailbox | Alias | None) -> Iterator[Finding]:
    """Say what kind of domain it is; a row of another program may be in another one."""
    name = row.domain_id if row else name
    domain, params = Domain.objects.filter(pk=name).first(), {"domain": name}
    if domain is None:
        yield no_domain(name, bool(row))
    elif not domain.active:
        seen = _("The domain %(domain)s is disabled, so its mail is refused and nobody signs in.")
        remedy = Remedy(_("Enable it in the panel's list of domains."))
        yield broken("mailbox.domain", seen % params, remedy)
    elif domain.route.kind != Kind.LOCAL:
        yield relayed(domain, bool(row))
    else:
        seen = _("The domain %(domain)s is active, and its mail is delivered on this host.")
        yield working("mailbox.domain", seen % params)
    for alias_domain in AliasDomain.objects.filter(pk=name, active=True):
        seen = _(
            "%(domain)s is an alias domain: mail to its addresses goes to the same addresses in "
            "%(target)s."
        )
        params["target"] = alias_domain.target_domain
        yield working("mailbox.alias_domain", seen % params)


def no_domain(name: str, has_row: bool) -> Finding:
    seen = _("%(domain)s isn't in the table of domains.") % {"domain": name}
    command = f".venv/bin/python manage.py createdomain {quote(name)}"
    remedy = Remedy(_("If this host should receive its mail, create it:"), command)
    return (broken if has_row else warning)("mailbox.domain", seen, remedy)


def relayed(domain: Domain, has_row: bool) -> Finding:
    params = {"domain": domain.pk, "host": domain.route.next_hop or "MX"}
    if accepts_any(domain.pk):
        seen = _("Mail to any address in %(domain)s is relayed to another host (%(host)s).")
    else:
        seen = _(
            "Mail to %(domain)s is relayed to another host (%(host)s), but only to addresses with "
            "an alias to themselves."
        )
    return (warning if has_row else working)("mailbox.relayed", seen % params)


def destination_finding(address: str) -> Finding:
    start = start_of(address)
    expansion = Expansion([start], LookUps())
    finding = check_one(expansion, start, address)
    if not finding.is_deferred and not finding.dead:
        return destination(expansion, start, address)
    remedy = Remedy(_("Change the targets of the alias in the panel's list of aliases."))
    state = warning if finding.arrives else broken
    return state("mailbox.mail", finding_text(finding, EVERYTHING), remedy)


def destination(expansion: Expansion, start: str, address: str) -> Finding:
    targets, params = expansion.found[start].targets, {"address": address}
    if [handling_of(target) for target in targets] == [Handling.REFUSED]:
        params["sentence"] = sentence_of(targets[0])
        seen = _("Mail to %(address)s is refused, as chosen in the panel: %(sentence)s")
        return warning("mailbox.refused", seen % params)
    if [handling_of(target) for target in targets] == [Handling.DISCARDED]:
        seen = _("Mail to %(address)s is discarded, as chosen in the panel.")
        return warning("mailbox.refused", seen % params)
    ends = [
        each
        for each in expansion.reached(start)
        if not expansion.targets(each) or expansion.keeps_a_copy(each)
    ]
    if ends == [start]:
        return own_end(expansion.found[start].end, params)
    params["targets"] = listed(ends)
    return working("mailbox.mail", _("Mail to %(address)s goes to: %(targets)s.") % params)


def own_end(end: End, params: dict[str, str]) -> Finding:
    """Say what becomes of mail that isn't forwarded."""
    if end == End.MAILBOX:
        seen = _("Mail to %(address)s is delivered to this mailbox.")
        return working("mailbox.mail", seen % params)
    if end == End.ELSEWHERE:
        seen = _("Mail to %(address)s is delivered by another host, if at all.")
        return working("mailbox.mail", seen % params)
    params["reason"] = str(REASONS[end])
    return broken("mailbox.mail", _("Mail is refused for %(address)s (%(reason)s).") % params)
