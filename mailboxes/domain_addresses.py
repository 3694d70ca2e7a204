"""Which addresses domains have: recipients of relayed domains, postmaster@ and abuse@."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from django.db.models import BinaryField, Exists, F, Func, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat

from mailboxes.addresses import CatchAll
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import BY_DOMAIN, in_domains, slices
from mailboxes.routing import RELAYING, Kind

ROLES = ("postmaster", "abuse")
"""The addresses that every domain should have (RFC 5321 section 4.5.1, RFC 2142)."""


class Bytes(Func):
    """A text as the database stores it. Django's Cast names a type that MariaDB can't cast to."""

    template = "CAST(%(expressions)s AS BLOB)"
    output_field = BinaryField()

    def as_mysql(self, compiler: Any, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(%(expressions)s AS BINARY)")


def rows_in(model: type[Model], domain: str) -> QuerySet[Any]:
    """Return the mailboxes or aliases of a domain, in an order in which parts can be read."""
    return model._default_manager.filter(in_domains([domain])).order_by(*BY_DOMAIN)


def addresses_in(domain: str) -> list[str]:
    """Return the addresses of a domain's mailboxes and aliases."""
    found = dict[str, None]()
    for model in (Mailbox, Alias):
        every = rows_in(model, domain)
        for part, _is_last in slices(every):
            found |= dict.fromkeys(every.filter(part).values_list("pk", flat=True))
    return list(found)


def aliases_to_themselves(domain: str, *conditions: Any) -> Iterator[str]:
    """Yield the aliases of a domain that only forward to themselves and meet the conditions.

    They are compared as bytes: in tables of others, the two columns may have collations that
    MariaDB doesn't mix. No index has them, so that the aliases are read in parts.
    """
    every = rows_in(Alias, domain)
    rows = every.alias(own=Bytes("address"), target=Bytes("goto")).filter(own=F("target"))
    for part, _is_last in slices(every):
        yield from rows.filter(part, *conditions).values_list("pk", flat=True)


def lists_recipients(domain: str) -> bool:
    """Say whether a relayed domain has aliases to themselves, which are its known recipients."""
    return next(aliases_to_themselves(domain), None) is not None


def accepts_any(domain: str) -> bool:
    """Say whether mail for every address of a relayed domain is accepted, listed or not."""
    if Alias.objects.filter(pk=str(CatchAll(domain)), active=True).exists():
        return True
    return not lists_recipients(domain)


def begun_lists(addresses: Collection[str]) -> list[str]:
    """Return the relayed domains in which mail is accepted for some of these addresses only."""
    names = {address.lower() for address in addresses}
    domains = Domain.objects.filter(pk__in={name.rpartition("@")[2] for name in names})
    return [
        domain.pk
        for domain in domains
        if domain.route.kind != Kind.LOCAL
        and not accepts_any(domain.pk)
        and all(name.lower() in names for name in aliases_to_themselves(domain.pk))
    ]


def lacking_roles(domains: Sequence[str]) -> dict[str, list[str]]:
    """Return which of these domains lack postmaster@ or abuse@, and which of them.

    Not those with a catch-all, and no alias domains: their addresses are the other domain's.
    """
    wanted = [f"{role}@{name}" for name in domains for role in ("", *ROLES)]
    rows = Alias.objects.filter(pk__in=wanted).values_list("pk", flat=True)
    forwarding = AliasDomain.objects.filter(pk__in=domains).values_list("pk", flat=True)
    known, excluded = ({pk.lower() for pk in found} for found in (rows, forwarding))
    found = {
        name: [role for role in ROLES if f"{role}@{name.lower()}" not in known]
        for name in domains
        if name.lower() not in excluded and f"@{name.lower()}" not in known
    }
    return {name: roles for name, roles in found.items() if roles}


def without_roles(domains: QuerySet[Domain]) -> QuerySet[Domain]:
    """Return those of the domains whose mail is delivered here and that lack one of these."""
    relayed = Q(backupmx=True) | Q(transport__in=RELAYING)
    for name in RELAYING:
        relayed |= Q(transport__istartswith=f"{name}:")
    has_both = Q(has_role(ROLES[0]), has_role(ROLES[1]))
    forwards = Exists(AliasDomain.objects.filter(pk=OuterRef("pk")))
    return domains.filter(~(relayed | has_both | Q(has_role("")) | Q(forwards)), active=True)


def has_role(role: str) -> Exists:
    address = Concat(Value(f"{role}@"), OuterRef("pk"))
    return Exists(Alias.objects.filter(pk=address))
