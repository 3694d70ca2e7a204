"""What a domain allows: its state, its limits, and which addresses are free."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet, Sum

from mailboxes.conf import quota_multiplier
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, is_own
from mailboxes.sizes import format_size

LONGEST_GOTO = 65535  # bytes, the column type `text`


class Refused(ValueError):
    """A deed that the rules of the tables forbid; `field` names what it was about."""

    def __init__(self, message: str, field: str = "address") -> None:
        super().__init__(message)
        self.field = field


def usable_domain(name: str, lock: bool = False) -> Domain:
    """Return the active domain of this name, its row locked if asked; else refuse."""
    rows = Domain.objects.select_for_update() if lock else Domain.objects
    domain = rows.filter(pk=name).first()
    if domain is None:
        raise Refused(f"The domain {name} does not exist here; create it first.")
    if not domain.active:
        raise Refused(f"The domain {name} is disabled; enable it first.")
    return domain


def check_free(address: str) -> None:
    if Mailbox.objects.filter(pk=address).exists():
        raise Refused(f"The address {address} is already taken by a mailbox.")
    alias = Alias.objects.filter(pk=address).first()
    if alias:
        raise Refused(
            f"The address {address} is already taken by an alias that leads to {alias.goto}."
        )


def plain_aliases(domain: Domain) -> QuerySet[Alias]:
    """Return the domain's aliases that count for its limit: all but the mailboxes' own."""
    return Alias.objects.filter(~is_own(), domain=domain.pk)


def check_count(domain: Domain, limit: int, rows: QuerySet[Any], what: str) -> None:
    """Refuse one more row than the domain may have; rows are counted up to the limit only."""
    if limit < 0:
        raise Refused(f"{domain} may have no {what}.")
    if limit and rows.order_by()[:limit].count() >= limit:
        raise Refused(f"{domain} has reached its limit of {limit} {what}.")


def check_quota(domain: Domain, quota: int, besides: str = "") -> None:
    """Refuse a mailbox's quota in bytes that the domain's limits do not allow."""
    multiplier = quota_multiplier()
    if domain.maxquota < 0 and quota:
        raise Refused(f"{domain} has quotas switched off; write 0.", "quota")
    largest = domain.maxquota * multiplier
    if domain.maxquota > 0 and not 0 < quota <= largest:
        raise Refused(
            f"A mailbox of {domain} needs a quota of at most {format_size(largest)}; "
            f"{format_size(quota)} was asked for.",
            "quota",
        )
    if domain.quota > 0:
        others = Mailbox.objects.filter(domain=domain.pk).exclude(pk=besides)
        left = domain.quota * multiplier - int(others.aggregate(sum=Sum("quota"))["sum"] or 0)
        if not 0 < quota <= left:
            raise Refused(
                f"{domain} has {format_size(left) if left > 0 else 'nothing'} left of its "
                f"{format_size(domain.quota * multiplier)}; {format_size(quota)} was asked for.",
                "quota",
            )


def check_targets(address: str, targets: Iterable[str]) -> None:
    goto = ",".join(targets)
    if goto.lower() == address:
        raise Refused(f"{address} would lead to itself only, and its mail nowhere.", "goto")
    if len(goto) > LONGEST_GOTO:
        raise Refused(
            f"The targets are {len(goto)} characters long; the table holds {LONGEST_GOTO}. "
            "Divide them among several aliases.",
            "goto",
        )


def check_active(alias: Alias, active: bool) -> None:
    """Refuse to part a mailbox from the alias by which it gets its mail."""
    mailbox = Mailbox.objects.filter(pk=alias.pk).first()
    if mailbox and mailbox.active != active:
        raise Refused(
            f"{alias} is the alias by which the mailbox of that name gets its mail; "
            f"{'enable' if active else 'disable'} the mailbox instead.",
            "active",
        )


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
            raise Refused(f"The domain {domain} does not exist here; create it first.", field)
    if name == target:
        raise Refused(f"{name} cannot lead to itself.", "target_domain")
    if AliasDomain.objects.filter(pk=name).exists():
        raise Refused(f"{name} leads to another domain already.", "alias_domain")
    chained = AliasDomain.objects.filter(pk=target) | AliasDomain.objects.filter(target_domain=name)
    if chained.exists():
        raise Refused(
            f"{name} cannot lead to {target}: an alias domain may not lead to another one.",
            "target_domain",
        )
