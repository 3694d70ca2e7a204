"""What an actor may do, and in which domains: part of every action and every query."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from mailboxes.access.roles import ALLOWED
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import BY_DOMAIN, in_domains

DOMAIN_COLUMNS = {Domain: "pk", Mailbox: "domain", Alias: "domain", AliasDomain: "alias_domain"}


@dataclass(frozen=True)
class Scope:
    """Allows nothing, unless told otherwise."""

    actions: frozenset[str] | None = frozenset()
    """The names of the allowed actions, as in the log; None for all."""

    domains: frozenset[str] | None = frozenset()
    """The domains in which they are allowed, in lower case; None for all, also future ones."""

    mailbox: str = ""
    """The one mailbox that an owner may change."""

    @classmethod
    def of_role(cls, role: str, domains: Iterable[str] | None) -> "Scope":
        """Return the scope of a role; an unknown role allows nothing."""
        if role not in ALLOWED:
            return NOTHING
        return cls(ALLOWED[role], None if domains is None else frozenset(map(str.lower, domains)))

    @classmethod
    def of_owner(cls, address: str) -> "Scope":
        domain = address.rpartition("@")[2].lower()
        actions = frozenset({"mailbox.password", "mailbox.rehash"})
        return cls(actions, frozenset({domain}), address.lower())

    @property
    def is_everything(self) -> bool:
        return self.actions is None and self.domains is None

    def allows(self, action: str) -> bool:
        return self.actions is None or action in self.actions

    def includes(self, domain: str, name: str = "") -> bool:
        """Say whether an object of this name in this domain is within reach."""
        if self.mailbox and name.lower() != self.mailbox:
            return False
        return self.domains is None or domain.lower() in self.domains

    def narrow(self, rows: QuerySet) -> QuerySet:
        """Return those of the rows that are in the domains, in an order that an index has.

        In the order of addresses, a database reads a million rows to find those of a few domains.
        """
        if self.domains is None:
            return rows
        column = DOMAIN_COLUMNS[rows.model]
        found = rows.filter(in_domains(self.domains, column))
        return found.order_by(*BY_DOMAIN) if column == "domain" else found


NOTHING = Scope()
EVERYTHING = Scope(None, None)
