"""Which mailboxes' owners couldn't sign in on a host, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.passwords.schemes import Problem, Reason
from mailboxes.queries import batches
from mailboxes.verification import CAN_SIGN_IN, host_problem, locks_out

MAX_ADDRESSES = 20
HASHES_PER_QUERY = 5000
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

    def add(self, found: Incompatibility) -> None:
        self.count += 1
        self.already += found.already
        if len(self.addresses) < MAX_ADDRESSES:
            self.addresses.append(found.address)

    @property
    def others(self) -> int:
        return self.count - len(self.addresses)


@dataclass
class Report:
    """How many active mailboxes there are, and those with a problem, grouped."""

    mailboxes: int
    groups: dict[Problem, Group]

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
    def weak_count(self) -> int:
        """How many more could sign in with MAIL_ALLOW_WEAK_SCHEMES."""
        return sum(group.count for group in self.with_reasons(Reason.WEAK))


def check(old: MailHost, new: MailHost, mailboxes: QuerySet | None = None) -> Report:
    """Read these mailboxes, by default all, once; keep only counts and the first addresses."""
    rows = Mailbox.objects.all() if mailboxes is None else mailboxes
    groups: dict[Problem, Group] = {}
    for found in incompatible_mailboxes(old, new, rows):
        if found.problem not in groups:
            groups[found.problem] = Group(describe(found.problem, new))
        groups[found.problem].add(found)
    return Report(rows.filter(active=True, domain__active=True).count(), groups)


def incompatible_mailboxes(
    old: MailHost, new: MailHost, mailboxes: QuerySet
) -> Iterator[Incompatibility]:
    """Yield the mailboxes with a problem on the new host, by address."""
    for address, stored in stored_passwords(mailboxes):
        if problem := host_problem(stored, new):
            already = has_same_effect(problem, host_problem(stored, old))
            yield Incompatibility(address, problem, already)


def weak_passwords(mailboxes: QuerySet) -> list[str]:
    """Return the addresses whose passwords could be cracked quickly from a copy of the table."""
    return [address for address, stored in stored_passwords(mailboxes) if schemes.is_weak(stored)]


def stored_passwords(mailboxes: QuerySet) -> Iterator[tuple[str, str]]:
    """Yield address and stored password of each active mailbox in an active domain, by address.

    The domain is not a condition of the query: MySQL would start with the domains and sort all
    rows for each batch.
    """
    domain = Domain.objects.filter(pk=OuterRef("domain_id"), active=True)
    rows = mailboxes.filter(active=True).annotate(open=Exists(domain))
    columns = rows.values_list("username", "password", "open")
    for batch in batches(columns, HASHES_PER_QUERY, key=itemgetter(0)):
        yield from ((address, stored) for address, stored, is_open in batch if is_open)


def has_same_effect(new: Problem, old: Problem | None) -> bool:
    """Say whether both keep the owner out, or both let them in with the same restriction."""
    if locks_out(new):
        return locks_out(old)
    return old is not None and new.reason == old.reason


def describe(problem: Problem, host: MailHost) -> str:
    """Return the reason in words; it names the scheme and nothing else of what is stored."""
    is_for_pam = problem.reason == Reason.WEAK and host.scheme.pam_crypt is not None
    return str(WEAK_FOR_PAM if is_for_pam else TEXTS[problem.reason]) % {
        "scheme": problem.scheme,
        "release": host.release.title,
        "read": READ_BY_PAM.get(host.scheme.pam_crypt or 0, ""),
    }
