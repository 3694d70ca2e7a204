"""Which mailboxes' owners couldn't sign in on a host, and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.queries import batches
from mailboxes.texts import translated
from mailboxes.verification import CAN_SIGN_IN, has_lower_scheme, host_problem, locks_out

MAX_ADDRESSES = MAX_DOMAINS = 20
HASHES_PER_QUERY = 2000
READ_BY_PAM = {
    1: _("crypt(3) hashes, such as $6$, without a {SCHEME} prefix"),
    3: _("hashes written by MySQL's MD5()"),
}
TEXTS = {
    Reason.EMPTY: _("without a stored password"),
    Reason.UNKNOWN: _("stored in a form that is damaged, unsupported or too expensive to check"),
    Reason.PAGE_ONLY: _("stored in a form that only the page for changing passwords can check"),
    Reason.NOT_FOR_PAM: _("stored as %(scheme)s, but pam_mysql only reads %(read)s"),
    Reason.WEAK: _("stored as %(scheme)s, which Dovecot on %(release)s rejects as weak"),
    Reason.TOLERATED: _("stored as %(scheme)s, allowed by MAIL_ALLOW_WEAK_SCHEMES"),
    Reason.PLAIN_ONLY: _("stored as %(scheme)s, which only supports PLAIN and LOGIN"),
}
WEAK_FOR_PAM = _("stored as %(scheme)s, which pam_mysql only reads with MAIL_ALLOW_WEAK_SCHEMES")


class StoredPassword(NamedTuple):
    """What is read of a mailbox."""

    address: str
    domain: str
    stored: str
    name: str


@dataclass(frozen=True)
class Incompatibility:
    """A mailbox whose owner couldn't sign in, or not with every mechanism on offer."""

    address: str
    problem: Problem
    already: bool
    """Whether the old host has the same problem."""


@dataclass
class Group:
    """The mailboxes with one problem."""

    text: str
    count: int = 0
    already: int = 0
    addresses: list[str] = field(default_factory=list)
    """The first of them."""

    def add(self, address: str, already: bool) -> None:
        self.count += 1
        self.already += already
        if len(self.addresses) < MAX_ADDRESSES:
            self.addresses.append(address)

    @property
    def others(self) -> int:
        return self.count - len(self.addresses)


@dataclass
class Report:
    """How many active mailboxes there are, those with a problem, and those in another scheme."""

    mailboxes: int = 0
    groups: dict[Problem, Group] = field(default_factory=dict)
    to_rehash: Counter[str] = field(default_factory=Counter)
    """By domain: how many passwords take the new host's scheme when their owners sign in."""

    to_replace: int = 0
    """How many of these can't be checked on the password page, so that nobody can sign in there."""

    def add(self, row: StoredPassword, old: MailHost, new: MailHost) -> None:
        problem = self.add_problem(row, old, new)
        if locks_out(problem) or has_lower_scheme(row.stored, new.scheme):
            self.to_rehash[row.domain] += 1
            self.to_replace += not schemes.is_checkable(row.stored)

    def add_problem(self, row: StoredPassword, old: MailHost, new: MailHost) -> Problem | None:
        """Count the mailbox, and return what keeps its owner from signing in on the new host."""
        self.mailboxes += 1
        problem = host_problem(row.stored, new)
        if problem:
            if problem not in self.groups:
                self.groups[problem] = Group(describe(problem, new))
            self.groups[problem].add(
                row.address, has_same_effect(problem, host_problem(row.stored, old))
            )
        return problem

    def with_reasons(self, *reasons: Reason) -> list[Group]:
        """Return the groups with these reasons, the largest first."""
        found = [group for problem, group in self.groups.items() if problem.reason in reasons]
        return sorted(found, key=lambda group: -group.count)

    @property
    def cannot_sign_in(self) -> list[Group]:
        return self.with_reasons(*(reason for reason in Reason if reason not in CAN_SIGN_IN))

    @property
    def cannot_sign_in_count(self) -> int:
        return sum(group.count for group in self.cannot_sign_in)

    @property
    def tolerated(self) -> list[Group]:
        return self.with_reasons(Reason.TOLERATED)

    @property
    def plain_only(self) -> list[Group]:
        return self.with_reasons(Reason.PLAIN_ONLY)

    @property
    def to_rehash_count(self) -> int:
        return self.to_rehash.total()

    @property
    def domains_to_rehash(self) -> list[tuple[str, int]]:
        """Return the domains with the most of them, and how many those are."""
        return self.to_rehash.most_common(MAX_DOMAINS)

    @property
    def other_domains(self) -> int:
        return max(len(self.to_rehash) - MAX_DOMAINS, 0)

    @property
    def weak_count(self) -> int:
        """How many more could sign in with MAIL_ALLOW_WEAK_SCHEMES."""
        return sum(group.count for group in self.with_reasons(Reason.WEAK))


def check(old: MailHost, new: MailHost, mailboxes: QuerySet | None = None) -> Report:
    """Read these mailboxes, by default all, once; keep only counts and the first addresses."""
    report = Report()
    for row in stored_passwords(Mailbox.objects.all() if mailboxes is None else mailboxes):
        report.add(row, old, new)
    return report


def incompatible_mailboxes(
    old: MailHost, new: MailHost, mailboxes: QuerySet
) -> Iterator[Incompatibility]:
    """Yield the mailboxes with a problem on the new host, by address."""
    for row in stored_passwords(mailboxes):
        if problem := host_problem(row.stored, new):
            already = has_same_effect(problem, host_problem(row.stored, old))
            yield Incompatibility(row.address, problem, already)


def weak_passwords(mailboxes: QuerySet) -> list[str]:
    """Return the addresses whose passwords could be cracked quickly from a copy of the table."""
    return [row.address for row in stored_passwords(mailboxes) if schemes.is_weak(row.stored)]


def stored_passwords(mailboxes: QuerySet, active: bool = True) -> Iterator[StoredPassword]:
    """Yield those of the mailboxes that are active, in an active domain, or the others."""
    for batch in password_batches(mailboxes, active):
        yield from batch.rows


class Batch(NamedTuple):
    """Some of the mailboxes that were read, how many those are, and the last of them."""

    rows: list[StoredPassword]
    read: int
    last: str


def password_batches(mailboxes: QuerySet, active: bool = True, after: str = "") -> Iterator[Batch]:
    """Yield the same in batches, from behind a mailbox on.

    The domain is not a condition of the query: MySQL would start with the domains and sort all
    rows for each batch.
    """
    domain = Domain.objects.filter(pk=OuterRef("domain_id"), active=True)
    rows = mailboxes.filter(active=True) if active else mailboxes
    columns = ("username", "domain_id", "password", "name", "active", "open")
    found = rows.annotate(open=Exists(domain)).values_list(*columns)
    for batch in batches(found, HASHES_PER_QUERY, key=itemgetter(0), after=after):
        chosen = [
            StoredPassword(address, name_of_domain, stored, name)
            for address, name_of_domain, stored, name, is_active, is_open in batch
            if bool(is_active and is_open) == active
        ]
        yield Batch(chosen, len(batch), batch[-1][0])


def has_same_effect(new: Problem, old: Problem | None) -> bool:
    """Say whether both keep the owner out, or both let them in with the same restriction."""
    if locks_out(new):
        return locks_out(old)
    return old is not None and new.reason == old.reason


def describe(problem: Problem, host: MailHost) -> str:
    """Return the reason in words; it names the scheme and nothing else of what is stored."""
    is_for_pam = problem.reason == Reason.WEAK and host.scheme.pam_crypt is not None
    return translated(WEAK_FOR_PAM if is_for_pam else TEXTS[problem.reason]) % {
        "scheme": problem.scheme,
        "release": host.release.title,
        "read": READ_BY_PAM.get(host.scheme.pam_crypt or 0, ""),
    }
