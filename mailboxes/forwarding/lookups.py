"""What the exported maps of Postfix find in the tables, for many addresses at once."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from types import MappingProxyType
from typing import Any, TypeVar

from django.db.models import Model

from mailboxes.addresses import NOT_ADDRESSES
from mailboxes.conf import recipient_delimiter
from mailboxes.domain_addresses import lists_recipients
from mailboxes.forwarding.expansion import End, Found
from mailboxes.handling import Handling, handling_of
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import with_keys
from mailboxes.routing import Kind

SEPARATORS = re.compile(r"[,\s]+")

ANY = "*"
"""A local part that no address has, for those that only the catch-all has."""

NEVER_SPLIT = ("mailer-daemon", "double-bounce")
"""Names with a delimiter that Postfix doesn't take for one."""

COLUMNS: dict[type[Model], tuple[str, ...]] = {
    Domain: ("active", "transport", "backupmx"),
    AliasDomain: ("active", "target_domain"),
    Alias: ("active", "goto", "domain"),
    Mailbox: ("active",),
}
"""What is read of each table; all else would take most of the time with thousands of rows."""

M = TypeVar("M", bound=Model)
Rows = Mapping[type[Model], Mapping[str, Any]]
"""Rows of each table by their keys in lower case."""


class LookUps:
    """The rows about the addresses looked up so far, each read once.

    With `all_domains`, disabled domains count as enabled: a loop through one would begin once it
    is enabled. Rows that are about to be `saved` take the place of those in the tables; what is
    `gone`, addresses and domains in lower case, isn't found in them any more. Domains that are
    `closed` are about to be disabled.
    """

    def __init__(
        self,
        all_domains: bool = False,
        saved: Rows = MappingProxyType({}),
        gone: Collection[str] = (),
        closed: Set[str] = frozenset(),
    ) -> None:
        self.gone = frozenset(gone)
        self.closed = closed
        self.all_domains = all_domains
        self.delimiter = recipient_delimiter()
        self.read_rows: dict[type[Model], dict[str, Any]] = {
            model: {} for model in (Domain, AliasDomain, Alias, Mailbox)
        }
        self.saved = saved
        self.lists: dict[str, bool] = {}
        """The relayed domains looked up so far, and whether only listed addresses get mail."""

    def copy(self) -> "LookUps":
        """Return look-ups of the same rows, which read on by themselves."""
        found = LookUps(self.all_domains, self.saved, self.gone, self.closed)
        found.read_rows = {model: dict(rows) for model, rows in self.read_rows.items()}
        return found

    def __call__(self, addresses: Collection[str]) -> dict[str, Found]:
        """Return what is found for lowercase addresses; those of other hosts end elsewhere."""
        self.read(addresses)
        return {address: self.find(address) for address in addresses}

    def read(self, addresses: Collection[str]) -> None:
        """Read what the addresses need, with one query a table."""
        domains = {domain_of(address) for address in addresses}
        self.load(AliasDomain, domains)
        targets = {self.target_domain(domain) for domain in domains} - {""}
        self.load(Domain, domains | targets)
        keys = {key for address in addresses for key in self.keys(address)}
        keys |= {at(key, self.target_domain(domain_of(key))) for key in keys} - {""}
        self.load(Alias, keys)
        self.load(Mailbox, keys)

    def load(self, model: type[Model], keys: Iterable[str]) -> None:
        """Read the rows with those keys that haven't been read yet."""
        known = self.read_rows[model]
        new = sorted(key for key in keys if key not in known)
        known.update(dict.fromkeys(new))
        self.add(model, with_keys(model._default_manager.only(*COLUMNS[model]), new))

    def add(self, model: type[Model], rows: Iterable[Any]) -> None:
        """Add rows that have been read, so that they aren't read again."""
        self.read_rows[model].update({str(row.pk).lower(): row for row in rows})

    def domains(self) -> set[str]:
        """Return the domains in the table that were looked up so far, in lower case."""
        return {name for name, row in self.read_rows[Domain].items() if row}

    def unknown_domains(self) -> set[str]:
        """Return the domains that were looked up so far and aren't in the table."""
        return {name for name, row in self.read_rows[Domain].items() if not row}

    def row(self, model: type[M], key: str) -> M | None:
        if key in self.gone:
            return None
        saved: M | None = self.saved.get(model, {}).get(key)
        return saved or self.read_rows[model].get(key)

    def find(self, address: str) -> Found:
        for key in self.keys(address):
            if goto := self.goto(key):
                return Found(self.end(address), targets_of(goto, address, key))
        return Found(self.end(address))

    def end(self, address: str) -> End:
        if handling_of(address) == Handling.REFUSED:
            return End.REFUSED
        if address.startswith(NOT_ADDRESSES):
            return End.NO_ADDRESS
        domain = self.row(Domain, domain_of(address))
        if domain is None:
            return End.ELSEWHERE
        if not self.is_open(domain.pk):
            return End.DOMAIN_DISABLED
        if domain.route.kind != Kind.LOCAL:
            return End.ELSEWHERE if self.is_relayed(address, domain.pk) else End.MISSING
        row = self.row(Mailbox, address) or self.row(Alias, address)
        if row and not row.active:
            return End.DISABLED
        return End.MAILBOX if isinstance(row, Mailbox) else End.MISSING

    def is_relayed(self, address: str, domain: str) -> bool:
        """Say whether mail for an address of a relayed domain is accepted here."""
        is_forwarded = any(self.goto(key) for key in self.keys(address))
        return is_forwarded or not self.lists_recipients(domain)

    def relays_any(self, domain: str) -> bool:
        """Say whether mail for any address of the domain is relayed."""
        row = self.row(Domain, domain)
        return bool(row and row.route.kind != Kind.LOCAL and not self.lists_recipients(row.pk))

    def lists_recipients(self, domain: str) -> bool:
        if domain not in self.lists:
            self.lists[domain] = lists_recipients(domain)
        return self.lists[domain]

    def keys(self, address: str) -> Iterator[str]:
        """Yield what Postfix looks up for an address, in its order."""
        local_part, _, domain = address.rpartition("@")
        if not local_part:
            return
        yield address
        if start := self.extension_start(local_part):
            yield f"{local_part[:start]}@{domain}"
        yield f"@{domain}"

    def extension_start(self, local_part: str) -> int:
        """Return where the extension begins, or 0 (Postfix's split_addr.c)."""
        name = local_part.lower()
        if name in NEVER_SPLIT or ("-" in self.delimiter and is_of_a_list(name)):
            return 0
        found = (local_part.find(sign, 1) for sign in self.delimiter if sign in local_part[1:])
        return min(found, default=0)

    def goto(self, key: str) -> str:
        """Return what the maps have for a key, or an empty string."""
        domain = domain_of(key)
        if not self.is_open(domain):
            return ""
        if goto := self.alias_goto(key):
            return goto
        other = at(key, self.target_domain(domain))
        if not self.is_open(domain_of(other)):
            return ""
        if key.startswith("@"):
            alias = self.row(Alias, other)
            return alias.goto if alias and alias.active else ""
        mailbox = self.row(Mailbox, other)
        is_there = self.alias_goto(other) or (mailbox and mailbox.active)
        return other if is_there or self.relays_any(domain_of(other)) else ""

    def alias_goto(self, key: str) -> str:
        """Return the targets of an active alias; that of a disabled mailbox isn't used, unless it
        says what becomes of its mail.
        """
        alias, mailbox = self.row(Alias, key), self.row(Mailbox, key)
        if not alias or (mailbox and alias.handling != Handling.DELIVERED):
            return alias.goto if alias else ""
        return alias.goto if alias.active and (not mailbox or mailbox.active) else ""

    def is_open(self, domain: str) -> bool:
        row = self.row(Domain, domain)
        is_active = row and row.active and domain not in self.closed
        return bool(row and (is_active or self.all_domains))

    def target_domain(self, domain: str) -> str:
        row = self.row(AliasDomain, domain)
        return row.target_domain.lower() if row and row.active else ""


def is_of_a_list(local_part: str) -> bool:
    """Say whether it names a list's owner or robot: not split at a `-` (owner_request_special)."""
    return local_part.startswith("owner-") or local_part[1:].endswith("-request")


def start_of(alias: str) -> str:
    """Return an address whose mail the alias receives."""
    return (ANY + alias if alias.startswith("@") else alias).lower()


def catch_all_targets(domains: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return what the catch-alls of these domains forward to, for those that have one."""
    starts = {start_of(f"@{domain}"): domain for domain in domains}
    found = LookUps()(starts)
    return {starts[start]: one.targets for start, one in found.items() if one.targets}


def domain_of(address: str) -> str:
    return address.rpartition("@")[2] if "@" in address else ""


def at(address: str, domain: str) -> str:
    """Return the same address in another domain, if there is one."""
    return f"{address.rpartition('@')[0]}@{domain}" if domain else ""


def targets_of(goto: str, address: str, key: str) -> tuple[str, ...]:
    """Return the targets; a whole domain, as old aliases have it, keeps the local part."""
    if goto.startswith("@"):
        local_part = (address if key.startswith("@") else key).rpartition("@")[0]
        return (f"{local_part}{goto}",)
    if goto.startswith(NOT_ADDRESSES):
        return (goto.strip(),)
    return tuple(filter(None, SEPARATORS.split(goto)))
