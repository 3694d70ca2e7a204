"""What a domain allows: its state, its limits, and which addresses are free."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet, Sum
from django.utils.translation import gettext as _

from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused
from mailboxes.formats import size
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, is_own

LONGEST_GOTO = 65535  # bytes, the column type `text`


def usable_domain(name: str, lock: bool = False) -> Domain:
    """Return the active domain of this name, its row locked if asked; else refuse."""
    rows = Domain.objects.select_for_update() if lock else Domain.objects
    domain = rows.filter(pk=name).first()
    if domain is None:
        raise Refused(
            _("The domain %(name)s does not exist here; create it first.") % {"name": name}
        )
    if not domain.active:
        raise Refused(_("The domain %(name)s is disabled; enable it first.") % {"name": name})
    return domain


def check_free(address: str) -> None:
    if Mailbox.objects.filter(pk=address).exists():
        raise Refused(
            _("The address %(address)s is already taken by a mailbox.") % {"address": address}
        )
    alias = Alias.objects.filter(pk=address).first()
    if alias:
        raise Refused(
            _("The address %(address)s is already taken by an alias that leads to %(goto)s.")
            % {"address": address, "goto": alias.goto}
        )


def plain_aliases(domain: Domain) -> QuerySet[Alias]:
    """Return the domain's aliases that count for its limit: all but the mailboxes' own."""
    return Alias.objects.filter(~is_own(), domain=domain.pk)


def check_count(domain: Domain, limit: int, rows: QuerySet[Any], what: str) -> None:
    """Refuse one more row than the domain may have; rows are counted up to the limit only."""
    if limit < 0:
        raise Refused(_("%(domain)s may have no %(what)s.") % {"domain": domain, "what": what})
    if limit and rows.order_by()[:limit].count() >= limit:
        raise Refused(
            _("%(domain)s has reached its limit of %(limit)s %(what)s.")
            % {"domain": domain, "limit": limit, "what": what}
        )


def check_quota(domain: Domain, quota: int, besides: str = "") -> None:
    """Refuse a mailbox's quota in bytes that the domain's limits do not allow."""
    multiplier = quota_multiplier()
    if domain.maxquota < 0 and quota:
        raise Refused(
            _("%(domain)s has quotas switched off; write 0.") % {"domain": domain}, "quota"
        )
    largest = domain.maxquota * multiplier
    if domain.maxquota > 0 and not 0 < quota <= largest:
        raise Refused(
            _(
                "A mailbox of %(domain)s needs a quota of at most %(largest)s; %(quota)s was "
                "asked for."
            )
            % {"domain": domain, "largest": size(largest), "quota": size(quota)},
            "quota",
        )
    if domain.quota > 0:
        others = Mailbox.objects.filter(domain=domain.pk).exclude(pk=besides)
        left = domain.quota * multiplier - int(others.aggregate(sum=Sum("quota"))["sum"] or 0)
        if not 0 < quota <= left:
            raise Refused(
                _("%(domain)s has %(left)s left of its %(whole)s; %(quota)s was asked for.")
                % {
                    "domain": domain,
                    "left": size(left) if left > 0 else _("nothing"),
                    "whole": size(domain.quota * multiplier),
                    "quota": size(quota),
                },
                "quota",
            )


def check_targets(address: str, targets: Iterable[str]) -> None:
    goto = ",".join(targets)
    if goto.lower() == address:
        raise Refused(
            _("%(address)s would lead to itself only, and its mail nowhere.")
            % {"address": address},
            "goto",
        )
    if len(goto) > LONGEST_GOTO:
        raise Refused(
            _(
                "The targets are %(goto)s characters long; the table holds %(longest_goto)s. "
                "Divide them among several aliases."
            )
            % {"goto": len(goto), "longest_goto": LONGEST_GOTO},
            "goto",
        )


def check_active(alias: Alias, active: bool) -> None:
    """Refuse to part a mailbox from the alias by which it gets its mail."""
    mailbox = Mailbox.objects.filter(pk=alias.pk).first()
    if mailbox and mailbox.active != active:
        sentence = (
            _(
                "%(alias)s is the alias by which the mailbox of that name gets its mail; enable "
                "the mailbox instead."
            )
            if active
            else _(
                "%(alias)s is the alias by which the mailbox of that name gets its mail; disable "
                "the mailbox instead."
            )
        )
        raise Refused(sentence % {"alias": alias}, "active")


def check_columns(row: Model, *columns: str) -> None:
    """Refuse what the columns cannot hold; without names all but the relations are looked at."""
    fields = {field.name for field in row._meta.concrete_fields if not field.is_relation}
    try:
        row.clean_fields(exclude=fields - set(columns or fields) | {"domain"} - {row._meta.pk.name})
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Refused(f"{field}: {' '.join(messages)}", field) from error


def check_alias_domain(name: str, target: str) -> None:
    for domain, field in ((name, "alias_domain"), (target, "target_domain")):
        if not Domain.objects.filter(pk=domain).exists():
            raise Refused(
                _("The domain %(domain)s does not exist here; create it first.")
                % {"domain": domain},
                field,
            )
    if name == target:
        raise Refused(_("%(name)s cannot lead to itself.") % {"name": name}, "target_domain")
    if AliasDomain.objects.filter(pk=name).exists():
        raise Refused(
            _("%(name)s leads to another domain already.") % {"name": name}, "alias_domain"
        )
    chained = AliasDomain.objects.filter(pk=target) | AliasDomain.objects.filter(target_domain=name)
    if chained.exists():
        raise Refused(
            _("%(name)s cannot lead to %(target)s: an alias domain may not lead to another one.")
            % {"name": name, "target": target},
            "target_domain",
        )
