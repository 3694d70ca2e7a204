"""What a domain and its tables allow: state, limits, free addresses."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import CharField, Model, Sum, TextField
from django.utils.translation import override

from mailboxes.addresses import Address, BadAddress
from mailboxes.conf import quota_multiplier
from mailboxes.errors import Refused, Term, gettext_noop
from mailboxes.fields import can_contain
from mailboxes.handling import check_alone
from mailboxes.lookup_tables.counts import kept_counts
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox, has_mailbox
from mailboxes.sizes import Size

MAX_GOTO = 65535  # bytes, the column type `text`

ADDRESS_TAKEN = gettext_noop("The address %(address)s is already taken.")
TAKEN_BY_MAILBOX = gettext_noop("The address %(address)s is already taken by a mailbox.")
TAKEN_BY_ALIAS = gettext_noop(
    "The address %(address)s is already taken by an alias that forwards to %(goto)s."
)
NO_DOMAIN = gettext_noop("The domain %(domain)s doesn't exist here. Create it first.")
DOMAIN_DISABLED = gettext_noop("The domain %(domain)s is disabled. Enable it first.")
UNSTORABLE = gettext_noop(
    "The database can't store one of these characters, such as an emoji. Remove it."
)
DELETED = gettext_noop("%(row)s has been deleted in the meantime. Nothing was changed.")
NO_MAILBOXES = gettext_noop("Mailboxes are not allowed in %(domain)s.")
MAILBOX_LIMIT = gettext_noop("%(domain)s has reached its mailbox limit (%(limit)s).")
NO_ALIASES = gettext_noop("Aliases are not allowed in %(domain)s.")
ALIAS_LIMIT = gettext_noop("%(domain)s has reached its alias limit (%(limit)s).")
QUOTAS_OFF = gettext_noop("Quotas are switched off for %(domain)s. Enter 0.")
QUOTA_OUT_OF_RANGE = gettext_noop(
    "A mailbox in %(domain)s must have a quota of at most %(largest)s; 0 (no limit) is not "
    "allowed. Requested: %(quota)s."
)
QUOTA_EXHAUSTED = gettext_noop(
    "%(domain)s has used up its total quota of %(whole)s. Requested: %(quota)s."
)
QUOTA_LEFT = gettext_noop(
    "%(domain)s has %(left)s left of its total quota of %(whole)s. Requested: %(quota)s."
)
FORWARDS_TO_ITSELF = gettext_noop(
    "%(address)s would only forward to itself, so its mail would be lost."
)
TOO_MANY_TARGETS = gettext_noop(
    "The targets are %(length)s characters long in total; the limit is %(limit)s. Split them "
    "across several aliases."
)
OWN_ALIAS = gettext_noop(
    "%(alias)s is the mailbox's own alias, which delivers its mail. Enable, disable or delete the "
    "mailbox instead."
)
IS_A_TARGET = gettext_noop(
    "%(domain)s can't be deleted while alias domains forward to it. Delete these first: "
    "%(sources)s."
)
COLUMN_REFUSALS = {
    "unreadable": gettext_noop("“%(field)s” can't be set to this value. Enter another one."),
    "max_value": gettext_noop("“%(field)s” must be at most %(limit)s. Requested: %(value)s."),
    "min_value": gettext_noop("“%(field)s” must be at least %(limit)s. Requested: %(value)s."),
    "max_length": gettext_noop(
        "“%(field)s” is too long. The limit is %(limit)s characters. Entered: %(value)s."
    ),
    "invalid": gettext_noop(
        "“%(field)s” contains control characters or invalid UTF-8. Remove them."
    ),
}
"""What a column can't store, by the code of Django's validator."""

SAME_DOMAIN = gettext_noop("%(name)s can't forward to itself.")
IS_ALIAS_DOMAIN = gettext_noop("%(name)s already forwards to another domain.")
CHAINED = gettext_noop(
    "%(name)s can't forward to %(target)s, because an alias domain can't forward to another one."
)


def lock_domains(*names: str) -> set[str]:
    """Lock the rows of these domains until the transaction ends; return those that exist.

    Whatever adds or deletes rows of a domain locks it first, so each sees what the other has done:
    the tables have no constraints, and at READ COMMITTED a deletion doesn't wait for a row that is
    being added. Each is locked by its key and in the order of names, so that two never wait for
    each other.
    """
    rows = Domain.objects.select_for_update().order_by()
    return {name for name in sorted(set(names)) if rows.filter(pk=name).first()}


def active_domain(name: str, lock: bool = True) -> Domain:
    """Return the active domain of this name, its row locked; refuse any other."""
    rows = Domain.objects.select_for_update() if lock else Domain.objects
    domain = rows.filter(pk=name).first()
    if domain is None:
        raise Refused(NO_DOMAIN, {"domain": name}, code="no_domain", field="address")
    if not domain.active:
        raise Refused(DOMAIN_DISABLED, {"domain": name}, code="domain_disabled", field="address")
    return domain


def check_address_is_free(address: str) -> None:
    if Mailbox.objects.filter(pk=address).exists():
        raise Refused(TAKEN_BY_MAILBOX, {"address": address}, code="taken", field="address")
    alias = Alias.objects.filter(pk=address).first()
    if alias:
        params = {"address": address, "goto": ", ".join(alias.targets)}
        raise Refused(TAKEN_BY_ALIAS, params, code="taken", field="address")


def check_mailbox_limit(domain: Domain) -> None:
    def number(limit: int) -> int:
        if counts := kept_counts(domain.pk):
            return counts.mailboxes
        return Mailbox.objects.filter(domain=domain.pk).order_by()[:limit].count()

    check_limit(domain, domain.mailboxes, number, NO_MAILBOXES, MAILBOX_LIMIT)


def check_alias_limit(domain: Domain, added: int = 1) -> None:
    """Refuse aliases beyond the limit; the mailboxes' own are not counted."""

    def number(limit: int) -> int:
        if counts := kept_counts(domain.pk):
            return counts.aliases + added - 1
        rows = Alias.objects.filter(~has_mailbox(), domain=domain.pk)
        return rows.order_by()[:limit].count() + added - 1

    check_limit(domain, domain.aliases, number, NO_ALIASES, ALIAS_LIMIT)


def check_limit(
    domain: Domain, limit: int, number: Callable[[int], int], none_allowed: str, reached: str
) -> None:
    """Refuse a row beyond the domain's limit; if there is one, the rows are counted."""
    if limit < 0:
        raise Refused(none_allowed, {"domain": domain.pk}, code="limit", field="address")
    if limit and number(limit) >= limit:
        params = {"domain": domain.pk, "limit": limit}
        raise Refused(reached, params, code="limit", field="address")


def check_quota(domain: Domain, quota: int, besides: str = "") -> None:
    """Refuse a mailbox's quota in bytes that the domain's limits don't allow.

    The quota of the mailbox `besides` is not counted, since it is about to be replaced.
    """
    others = sum_of_quotas(domain, besides) if domain.quota > 0 else 0
    check_quota_beside(domain, quota, others)


def sum_of_quotas(domain: Domain, besides: str = "") -> int:
    """Return the sum of the quotas of a domain's mailboxes except one."""
    rows = Mailbox.objects.filter(domain=domain.pk)
    if counts := kept_counts(domain.pk):
        own = rows.filter(pk=besides).values_list("quota", flat=True).first() if besides else 0
        return counts.quota - (own or 0)
    return int(rows.exclude(pk=besides).aggregate(sum=Sum("quota"))["sum"] or 0)


def check_quota_beside(domain: Domain, quota: int, others: int) -> None:
    """Refuse a quota that the domain's limits don't allow; `others` is the sum of the others."""
    if not domain.maxquota and domain.quota <= 0:
        return  # no limits, as in most domains
    multiplier = quota_multiplier()
    params = {"domain": domain.pk, "quota": Size(quota)}
    if domain.maxquota < 0 and quota:
        raise Refused(QUOTAS_OFF, params, code="quota", field="quota")
    largest = domain.maxquota * multiplier
    if domain.maxquota > 0 and not 0 < quota <= largest:
        params["largest"] = Size(largest)
        raise Refused(QUOTA_OUT_OF_RANGE, params, code="quota", field="quota")
    if domain.quota > 0:
        whole = domain.quota * multiplier
        left = whole - others
        if not 0 < quota <= left:
            params |= {"left": Size(left), "whole": Size(whole)}
            message = QUOTA_LEFT if left > 0 else QUOTA_EXHAUSTED
            raise Refused(message, params, code="quota", field="quota")


def check_targets(
    address: str, targets: Sequence[str], stored: str = "", is_relayed: bool = False
) -> list[str]:
    """Return an alias's targets as they are stored; refuse new ones that are no addresses.

    Those among the `stored` ones are kept as they are: other programs also write pipes, local
    users and whole domains. In a relayed domain, an alias may forward to itself only.
    """
    check_alone(targets)
    kept = {*stored.split(","), *([address] if is_relayed else [])}
    try:
        checked = [name if name in kept else str(Address.parse_target(name)) for name in targets]
    except BadAddress as error:
        raise Refused(error.message, error.params, code=error.code, field="goto") from error
    goto = ",".join(checked)
    if goto.lower() == address and not is_relayed:
        raise Refused(FORWARDS_TO_ITSELF, {"address": address}, code="loop", field="goto")
    if len(goto) > MAX_GOTO:
        params = {"length": len(goto), "limit": MAX_GOTO}
        raise Refused(TOO_MANY_TARGETS, params, code="too_long", field="goto")
    return checked


def check_active(alias: Alias, active: bool) -> None:
    """Refuse to separate a mailbox from the alias that delivers its mail."""
    mailbox = Mailbox.objects.filter(pk=alias.pk).first()
    if mailbox and mailbox.active != active:
        raise Refused(OWN_ALIAS, {"alias": alias.pk}, code="mailbox_alias", field="active")


def check_deletion(row: Model) -> None:
    """Refuse to delete a mailbox's own alias by itself, and a domain that others forward to."""
    if isinstance(row, Alias) and row.is_mailbox_alias:
        raise Refused(OWN_ALIAS, {"alias": row.pk}, code="mailbox_alias")
    if isinstance(row, Domain):
        sources = list(AliasDomain.objects.filter(target_domain=row.pk))
        if sources:
            params = {"domain": row.pk, "sources": ", ".join(map(str, sources))}
            raise Refused(IS_A_TARGET, params, code="is_target", field="domain")


def check_columns(row: Model, *columns: str) -> None:
    """Refuse what the columns can't store; without names, check all columns except relations."""
    fields = {field.name for field in row._meta.concrete_fields if not field.is_relation}
    try:
        row.clean_fields(exclude=fields - set(columns or fields) | {"domain"} - {row._meta.pk.name})
    except ValidationError as error:
        raise column_refusal(row, *next(iter(error.error_dict.items()))) from error
    for name in columns or fields:
        field: Any = row._meta.get_field(name)
        if not can_contain(field, getattr(row, name), connections["mail"]):
            raise Refused(UNSTORABLE, code="characters", field=name)


def column_refusal(row: Model, field: str, errors: Sequence[ValidationError]) -> Refused:
    """Return a column's first error in words of ours, sizes with their unit."""
    error, params = errors[0], errors[0].params or {}
    limit, value = params.get("limit_value", 0), params.get("show_value", 0)
    if field in ("maxquota", "quota") and error.code == "max_value":
        unit = quota_multiplier() if isinstance(row, Domain) else 1
        limit, value = Size(limit * unit), Size(value * unit)
    column = row._meta.get_field(field)
    with override("en"):
        label = Term(getattr(column, "verbose_name", field))
    is_text = isinstance(column, CharField | TextField)
    code = "unreadable" if error.code == "invalid" and not is_text else error.code
    message = COLUMN_REFUSALS.get(code or "", COLUMN_REFUSALS["unreadable"])
    params = {"field": label, "limit": limit, "value": value}
    return Refused(message, params, code="column", field=field)


def check_alias_domain(name: str, target: str) -> None:
    """Refuse an alias domain that would form a chain; both domains are locked."""
    existing = lock_domains(name, target)
    for domain, field in ((name, "alias_domain"), (target, "target_domain")):
        if domain not in existing:
            raise Refused(NO_DOMAIN, {"domain": domain}, code="no_domain", field=field)
    params = {"name": name, "target": target}
    if name == target:
        raise Refused(SAME_DOMAIN, params, code="loop", field="target_domain")
    if AliasDomain.objects.filter(pk=name).exists():
        raise Refused(IS_ALIAS_DOMAIN, params, code="taken", field="alias_domain")
    chained = AliasDomain.objects.filter(pk=target) | AliasDomain.objects.filter(target_domain=name)
    if chained.exists():
        raise Refused(CHAINED, params, code="chain", field="target_domain")
