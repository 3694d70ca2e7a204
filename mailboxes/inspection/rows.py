"""One walk over the domains, mailboxes and aliases, which keeps numbers and a few examples."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from django.db.models import QuerySet

from mailboxes.addresses import BadAddress, parse_targets
from mailboxes.inspection.folders import folder_form
from mailboxes.inspection.lines import CountedRows
from mailboxes.models import EVERY_DOMAIN, Alias, AliasDomain, Domain, Mailbox
from mailboxes.passwords.dovecot_schemes import PREFIXED, dovecot_scheme
from mailboxes.queries import batches

UNITS = (1024000, 1048576)
"""The bytes of a megabyte in PostfixAdmin's setting `quota_multiplier`, as sites choose it."""


MAX_FORMS = 20
"""How many forms of folders are told apart."""


@dataclass
class Rows:
    """What was found; `noteworthy` are the rows that need attention, by the reason's code."""

    numbers: Counter[str] = field(default_factory=Counter)
    noteworthy: dict[str, CountedRows] = field(default_factory=lambda: defaultdict(CountedRows))
    transports: Counter[str] = field(default_factory=Counter)
    passwords: Counter[str] = field(default_factory=Counter)
    folders: dict[str, CountedRows] = field(default_factory=lambda: defaultdict(CountedRows))
    units: Counter[int] = field(default_factory=Counter)
    """How many quotas are a multiple of only one of the units."""


def read_rows() -> Rows:
    found = Rows()
    read_domains(found)
    read_mailboxes(found)
    read_aliases(found)
    found.numbers["alias_domains"] = AliasDomain.objects.count()
    return found


def walk(rows: QuerySet, *columns: str) -> Iterator[list[tuple]]:
    """Yield all rows in batches by key; the first column is the key."""
    return batches(rows.values_list(*columns), key=itemgetter(0))


def read_domains(found: Rows) -> None:
    for batch in walk(Domain._base_manager.all(), "domain", "transport", "backupmx", "active"):
        for name, transport, backupmx, active in batch:
            if name == EVERY_DOMAIN:
                found.noteworthy["every_domain"].add(name)
                continue
            found.numbers["domains"] += 1
            found.transports[transport] += 1
            if backupmx:
                found.noteworthy["backup_mx"].add(name)
            if not active:
                found.noteworthy["inactive_domains"].add(name)


def read_mailboxes(found: Rows) -> None:
    columns = ("username", "password", "maildir", "quota", "domain_id", "active")
    for batch in walk(Mailbox.objects.all(), *columns):
        for address, password, maildir, quota, _domain, active in batch:
            found.numbers["mailboxes"] += 1
            found.passwords[password_form(password)] += 1
            form = folder_form(maildir, address)
            is_listed = form in found.folders or len(found.folders) < MAX_FORMS
            found.folders[form if is_listed else "other"].add(maildir or address)
            if not active:
                found.noteworthy["inactive_mailboxes"].add(address)
            read_quota(found, address, quota)
        read_relations(found, {row[0]: row[4] for row in batch}, Alias.objects.all())


def read_quota(found: Rows, address: str, quota: int) -> None:
    if quota < 0:
        found.noteworthy["negative_quota"].add(address)
    fitting = [unit for unit in UNITS if quota > 0 and quota % unit == 0]
    if len(fitting) == 1:
        found.units[fitting[0]] += 1


def read_relations(found: Rows, mailboxes: dict[str, str], own: QuerySet) -> None:
    """Find mailboxes without their domain, or without their own alias; by key, as joins may fail.

    Mail for a mailbox without its own alias goes to the catch-all of its domain, if it has one.
    """
    domains = {name.lower() for name in keys(Domain.objects.all(), mailboxes.values())}
    aliases = {name.lower() for name in keys(own, mailboxes)}
    unaliased = {
        address: domain for address, domain in mailboxes.items() if address.lower() not in aliases
    }
    active = Alias.objects.filter(active=True)
    catch_alls = {
        name.lower() for name in keys(active, {f"@{name}" for name in unaliased.values()})
    }
    for address, domain in mailboxes.items():
        if domain.lower() not in domains:
            found.noteworthy["without_domain"].add(address)
    for address, domain in unaliased.items():
        caught = f"@{domain.lower()}" in catch_alls
        found.noteworthy["caught" if caught else "without_alias"].add(address)


def keys(rows: QuerySet, names: Iterable[str]) -> list[str]:
    """Return the keys of those of the rows that exist."""
    wanted = sorted(set(names))
    return list(rows.filter(pk__in=wanted).values_list("pk", flat=True)) if wanted else []


def read_aliases(found: Rows) -> None:
    for batch in walk(Alias.objects.all(), "address", "goto"):
        found.numbers["aliases"] += len(batch)
        own = [address for address, goto in batch if goto.strip().lower() == address.lower()]
        mailboxes = {name.lower() for name in keys(Mailbox.objects.all(), own)}
        for address in own:
            if address.lower() not in mailboxes:
                found.noteworthy["without_mailbox"].add(address)
        for address, goto in batch:
            if address.startswith("@"):
                found.noteworthy["catch_alls"].add(address)
            if code := target_problem(goto):
                found.noteworthy[code].add(address)


def target_problem(goto: str) -> str:
    """Return why these targets can't be entered here, as a code; empty if they can."""
    try:
        parse_targets(goto)
    except BadAddress:
        targets = [target for target in re.split(r"[,\s]+", goto) if target]
        if not targets:
            return "target_empty"
        if any(target.lstrip('"').startswith(("|", "/", ":")) for target in targets):
            return "target_program"
        if any(target.startswith("@") for target in targets):
            return "target_domain"
        if any("@" not in target for target in targets):
            return "target_local_user"
        return "target_other"
    return ""


def password_form(stored: str) -> str:
    """Return the form of a stored password: Dovecot's prefix, or what crypt(3) begins with."""
    if not stored:
        return "empty"
    scheme = dovecot_scheme(stored)
    if found := PREFIXED.fullmatch(stored):
        name = f"{{{found[1].upper()}{f'.{found[2].upper()}' if found[2] else ''}}}"
        return name if scheme else f"{name} (unreadable)"
    if crypt := re.match(r"\$[0-9a-z]{1,6}\$", stored):
        return crypt[0] if scheme else f"{crypt[0]} (unreadable)"
    return {"PLAIN-MD5": "32 hex digits", "DES-CRYPT": "DES"}.get(scheme, "unknown or clear text")
