"""What is found about aliases, in sentences, without addresses that are out of reach."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from django.db.models import F, QuerySet

from mailboxes.access.scope import Scope
from mailboxes.addresses import NOT_ADDRESSES
from mailboxes.conf import own_names
from mailboxes.deployment.applied import kept_domains
from mailboxes.domain_addresses import begun_lists
from mailboxes.errors import Refused, gettext_noop
from mailboxes.formats import error_message, number
from mailboxes.forwarding.expansion import MAX_RECIPIENTS
from mailboxes.forwarding.findings import (
    Finding,
    LeftBehind,
    Loss,
    Row,
    aliases_in,
    are_checked,
    catch_alls,
    check,
    find_losses,
    forwarding_into,
    gather,
    left_behind,
    left_behind_by_domains,
    local_domains,
    without_mailboxes,
)
from mailboxes.forwarding.lookups import LookUps, catch_all_targets, domain_of
from mailboxes.forwarding.sources import alias_domains_of
from mailboxes.handling import Handling
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import first_rows, with_keys
from mailboxes.routing import Kind
from mailboxes.texts import gettext as _

MAX_SHOWN = 6
MAX_CHECKED = 1000

IN_A_LOOP = gettext_noop("Mail to %(alias)s is deferred, because it goes round in a loop: %(way)s.")
TOO_MANY = gettext_noop(
    "Mail to %(alias)s is deferred, because Postfix doesn't expand more than %(limit)s addresses."
)
SOME_DEAD = gettext_noop("Mail to %(alias)s doesn't reach all of its targets: %(targets)s.")
ALL_DEAD = gettext_noop(
    "Mail to %(alias)s is refused, since none of its targets receives mail: %(targets)s."
)
SOME_OUTSIDE = gettext_noop(
    "Mail to %(alias)s doesn't reach all of its targets: some outside your domains don't accept "
    "mail. Ask an administrator of those domains."
)
ALL_OUTSIDE = gettext_noop(
    "Mail to %(alias)s is refused, since its targets outside your domains don't accept mail. Ask "
    "an administrator of those domains."
)
NOWHERE = gettext_noop(
    "These aliases don't forward to anything else, so mail to them is refused: %(names)s."
)
DEFERRED = gettext_noop(
    "Mail to these aliases is deferred for days, because it goes in a loop: %(names)s."
)
PARTLY = gettext_noop(
    "Mail to these aliases still arrives elsewhere, but partly bounces: %(names)s."
)
ONLY_LISTED = gettext_noop(
    "With an alias that forwards to itself, mail to any other address in %(domains)s is refused. "
    "To accept it as well, choose that on the page of the domain."
)
OUTSIDE = Refused(
    gettext_noop(
        "Aliases outside your domains that forward here lose mail, or a part of it. A superuser "
        "can see which."
    ),
    code="left",
)
UNCHECKED = Refused(
    gettext_noop(
        "There are too many rows to check which aliases lose mail. Afterwards, run on the panel's "
        "machine: manage.py checkaliases"
    )
)


def way_text(way: list[str], scope: Scope) -> str:
    """Return the addresses that a loop passes; of a long one, the first and the last."""
    shown = [address if scope.includes(domain_of(address)) else "…" for address in way]
    if len(shown) > MAX_SHOWN:
        shown = [*shown[:3], "…", *shown[-2:]]
    return " → ".join(address.removeprefix("*") for address, _run in groupby(shown))


def finding_text(finding: Finding, scope: Scope) -> str:
    """Return what is wrong with an alias, without reasons that concern domains of others."""
    return error_message(finding_note(finding, scope))


def finding_note(finding: Finding, scope: Scope) -> Refused:
    """Return the same as a note for an import, whose message is translated where it is shown."""
    params = {"alias": finding.alias}
    if finding.loop:
        return Refused(IN_A_LOOP, params | {"way": way_text(finding.loop, scope)}, code="loop")
    if finding.is_deferred:
        return Refused(TOO_MANY, params | {"limit": number(MAX_RECIPIENTS)}, code="too_many")
    if targets := dead_targets(finding, scope):
        message = SOME_DEAD if finding.arrives else ALL_DEAD
        return Refused(message, params | {"targets": targets}, code="dead")
    return Refused(SOME_OUTSIDE if finding.arrives else ALL_OUTSIDE, params, code="dead")


def dead_targets(finding: Finding, scope: Scope) -> str:
    """Return the targets within reach, each with the reason, and whether there are others."""
    names = [
        f"{name} ({why})"
        for name, why in finding.dead.items()
        if name.startswith(NOT_ADDRESSES) or scope.includes(domain_of(name))
    ]
    others = _("others outside your domains")
    return listed(names, others if 0 < len(names) < len(finding.dead) else "")


def finding_notes(
    found: Iterable[Finding], scope: Scope, left: LeftBehind | None = None
) -> list[Refused]:
    """Return what is wrong with the first aliases, and the names of the others, also of those
    that are `left` behind by the same change.
    """
    found, left = sorted(found, key=lambda one: one.arrives), left or LeftBehind()
    inside = [one for one in found if scope.includes(domain_of(one.alias))]
    shown = inside[:MAX_SHOWN]
    for one in found:
        if one not in shown:
            left.add(Loss(one, "", next(iter(one.dead), "")), scope)
    return [*(finding_note(one, scope) for one in shown), *left_behind_notes(left)]


def left_behind_text(rows: Sequence[Row], scope: Scope, look_ups: LookUps | None = None) -> str:
    """Name the aliases that lose mail, or a part of it, because of these rows as they are found, if
    any; without `look_ups`, once they are deleted.
    """
    found = left_behind(rows, Alias.objects.all(), look_ups, scope)
    return " ".join(map(error_message, left_behind_notes(found)))


def left_behind_notes(found: LeftBehind) -> list[Refused]:
    """Return the same as notes for an import."""
    partly = [f"{alias} → {target}" for alias, target in found.others.items()]
    texts = ((NOWHERE, found.nowhere), (DEFERRED, found.deferred), (PARTLY, partly))
    notes = [Refused(text, {"names": listed(names)}, code="left") for text, names in texts if names]
    return [*notes, *[OUTSIDE][: found.outside]]


def listed(
    names: Sequence[str], others: str = "", separator: str = ", ", maximum: int = MAX_SHOWN
) -> str:
    """Return the first names, and say if there are more."""
    text = separator.join([*names[:maximum], *filter(None, [others])])
    return _("%(names)s and more") % {"names": text} if len(names) > maximum else text


def caught_text(mailboxes: QuerySet) -> str:
    """Name the catch-alls that have the mail of these mailboxes once they are disabled, if any."""
    names = [row.pk for row in first_rows(mailboxes, MAX_CHECKED)]
    own = with_keys(Alias.objects.all(), names)
    handled = {alias.pk.lower() for alias in own if alias.handling != Handling.DELIVERED}
    domains = {domain_of(name.lower()) for name in names if name.lower() not in handled}
    found = catch_all_targets(sorted(domains))
    if not found:
        return ""
    # Those of the domains to which alias domains forward may be out of reach.
    named = {alias.domain_id.lower(): alias for alias in own_catch_alls(found)}
    ways = [
        f"@{name} → {', '.join(named[name].targets[:2])}" if name in named else f"@{name}"
        for name in sorted(found)
    ]
    text = _("Mail for a disabled mailbox goes to the catch-all of its domain: %(ways)s.")
    return text % {"ways": listed(ways, separator="; ")}


def overtaken_text(alias: Alias) -> str:
    """Name the mailboxes without their own alias, whose mail a catch-all takes. Postfix looks up
    the catch-all before it asks for mailboxes; the panel makes no such row, but others do.
    """
    if not alias.pk.startswith("@"):
        return ""
    mailboxes = Mailbox.objects.filter(domain=alias.domain_id, active=True)
    names = list(mailboxes.order_by("pk").values_list("pk", flat=True)[: MAX_CHECKED + 1])
    own = with_keys(Alias.objects.filter(active=True), names)
    known = {alias.pk.lower() for alias in own}
    found = [name for name in names if name.lower() not in known]
    if not found and len(names) <= MAX_CHECKED:
        return ""
    text = _(
        "Mail for these mailboxes goes to the catch-all, too, since they have no active alias of "
        "their own: %(names)s. The doctor says how to give them one."
    )
    if not found:
        text = _(
            "Mail for mailboxes without an active alias of their own goes to the catch-all, too. "
            "There are too many mailboxes to look for these; the doctor names them."
        )
    return text % {"names": listed(found)}


def extension_text(names: Iterable[str]) -> str:
    """Name those of the disabled addresses that are extensions of others, which have their mail."""
    look_ups, ways = LookUps(), []
    keys = {name.lower(): list(look_ups.keys(name.lower())) for name in names}
    bases = {name: found[1] for name, found in keys.items() if len(found) > 2}
    look_ups.read(bases)
    for name, base in bases.items():
        if look_ups.goto(base):
            ways.append(f"{name} → {base}")
    text = _("Mail for these addresses goes to those whose extensions they are: %(ways)s.")
    return text % {"ways": listed(ways)} if ways else ""


def disabled_domains_text(domains: Collection[str], scope: Scope) -> str:
    """Name the aliases that lose mail once these domains are disabled, or say that there are too
    many to check, and the alias domains that forward to them.
    """
    notes = [UNCHECKED]
    if are_checked(domains):
        notes = left_behind_notes(left_behind_by_domains(domains, scope))
    texts = [*map(error_message, notes), alias_domains_text(domains, scope)]
    return " ".join(filter(None, texts))


def alias_domains_text(domains: Iterable[str], scope: Scope) -> str:
    """Name the alias domains that forward to disabled domains."""
    forwarding = alias_domains_of({domain.lower() for domain in domains})
    names = sorted(name for name, _domain in forwarding if scope.includes(name))
    text = _("Mail to these alias domains is refused as well: %(names)s.")
    return text % {"names": listed(names)} if names else ""


def own_catch_alls(domains: Iterable[str]) -> QuerySet:
    return Alias.objects.filter(pk__in=[f"@{name}" for name in domains], active=True)


def refuses(row: Mailbox | Alias) -> bool:
    alias = Alias.objects.filter(pk=row.pk).first()
    return alias is not None and alias.handling == Handling.REFUSED


def no_address_text(alias_domain: AliasDomain) -> str:
    """Say that the domain to which an alias domain forwards is disabled, or has no address yet."""
    domain = Domain.objects.filter(pk=alias_domain.target_domain).first()
    if domain and not domain.active:
        text = _("Mail to any address in %(name)s is refused, since %(domain)s is disabled.")
        return text % {"name": alias_domain.pk, "domain": domain.pk}
    if domain is None or domain.route.kind != Kind.LOCAL:
        return ""
    if any(model.objects.filter(domain=domain.pk).exists() for model in (Alias, Mailbox)):
        return ""
    text = _("Mail to any address in %(name)s is refused, since %(domain)s has no address yet.")
    return text % {"name": alias_domain.pk, "domain": domain.pk}


def served_otherwise_text(domains: QuerySet) -> str:
    """Name those of the domains that the mail host serves without the panel."""
    kept = sorted(kept_domains())
    names = list(domains.filter(pk__in=kept).values_list("pk", flat=True)) if kept else []
    if not names:
        return ""
    text = _(
        "The mail host also receives mail for %(domains)s without the panel (apply --keep): of "
        "mail to an enabled domain, part is then refused or goes astray. Take it out of the mail "
        "host's own settings, and run apply again."
    )
    return text % {"domains": listed(names)}


def saved_warnings(row: Row, scope: Scope) -> list[str]:
    """Return what is to be said once a row has been saved."""
    return list(filter(None, texts_about(row, scope)))


def texts_about(row: Row, scope: Scope) -> Iterator[str]:
    begun = begun_lists([row.pk]) if isinstance(row, Mailbox | Alias) else []
    yield from map(error_message, only_listed_notes(begun))
    if not row.active or (isinstance(row, Mailbox | Alias) and refuses(row)):
        is_known = are_checked([row])
        yield left_behind_text([row], scope, LookUps()) if is_known else error_message(UNCHECKED)
        yield from texts_about_disabled(row, scope)
        return
    if isinstance(row, AliasDomain):
        yield no_address_text(row)
    if isinstance(row, Domain):
        yield served_otherwise_text(Domain.objects.filter(pk=row.pk))
    own, is_checked = aliases_of(row)
    own, found = [*own, *catch_alls(begun)], list[Finding]()
    if isinstance(row, Domain | AliasDomain):
        is_checked = is_checked and are_checked([row])
        found = forwarding_into(row) if is_checked else []
    if not is_checked:
        yield error_message(UNCHECKED)
    known = {finding.alias for finding in found}
    found += [finding for finding in check(own) if finding.alias not in known]
    yield from map(error_message, finding_notes(found, scope, left_above(found, scope, begun)))
    yield local_users_text(own)
    if isinstance(row, Alias):
        yield overtaken_text(row)


def aliases_of(row: Row) -> tuple[list[Alias], bool]:
    """Return the alias, a mailbox's own, or those in a domain, unless they only deliver mail, and
    whether they are all.
    """
    if not isinstance(row, Domain):
        return list(Alias.objects.filter(pk=row.pk).exclude(goto=F("address"))), True
    inside = aliases_in([row.pk])
    return [*without_mailboxes(local_domains([row.pk])), *inside.rows], not inside.more


def texts_about_disabled(row: Row, scope: Scope) -> Iterator[str]:
    one = Mailbox.objects.filter(pk=row.pk, active=False)
    if isinstance(row, Mailbox) and (caught := caught_text(one)):
        advice = _("To refuse or discard it instead, choose that on the mailbox's page.")
        yield f"{caught} {advice}"
    if isinstance(row, Mailbox | Alias) and not refuses(row):
        yield extension_text([row.pk])
    if isinstance(row, Domain):
        yield alias_domains_text([row.pk], scope)


def only_listed_notes(domains: Sequence[str]) -> list[Refused]:
    """Say that relayed domains only accept mail for listed addresses, the first ones they have."""
    params = {"domains": listed(domains)}
    return [Refused(ONLY_LISTED, params, code="listed")] if domains else []


def left_above(found: Iterable[Finding], scope: Scope, begun: Iterable[str]) -> LeftBehind:
    """Return the aliases that lose mail because they forward to those that mail doesn't reach, or
    to relayed domains whose lists of recipients have `begun`.
    """
    names = [finding.alias for finding in found if not finding.arrives][:MAX_CHECKED]
    if not are_checked(names):
        return LeftBehind()
    lost = {name.lower(): name for name in names} | {f"@{name.lower()}": name for name in begun}
    return gather(find_losses(lost, Alias.objects.exclude(pk__in=names), LookUps()), scope)


def local_users_text(aliases: Iterable[Alias]) -> str:
    """Name the targets that are local users of the mail host, whom the panel doesn't know."""
    names = own_names()
    targets = (target for alias in aliases for target in alias.targets)
    found = [target for target in targets if domain_of(target.lower()) in names]
    if not found:
        return ""
    text = _(
        "These targets are users of the mail host itself, whom the panel doesn't know. If they "
        "don't exist there, their mail bounces: %(names)s."
    )
    return text % {"names": listed(found)}
