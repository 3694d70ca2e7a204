"""Which mailboxes could not sign in with a host, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from mailboxes.conf import MailHost
from mailboxes.models import Domain, Mailbox
from mailboxes.passwords import schemes
from mailboxes.passwords.schemes import Trouble, Why

SHOWN = 20
SLICE = 5000
READ_BY_PAM = {
    1: _("what crypt(3) writes, such as $6$, with no {NAME} before it"),
    3: _("what MySQL's MD5() writes"),
}
REASONS = {
    Why.EMPTY: _("no password is stored"),
    Why.UNKNOWN: _("stored in a form that is not known here, costs too much, or is damaged"),
    Why.FOREIGN: _("stored as %(scheme)s, but pam_mysql reads only %(read)s"),
    Why.WEAK: _("stored as %(scheme)s, which Dovecot of %(release)s refuses as weak"),
    Why.TOLERATED: _("let in by MAIL_ALLOW_WEAK_SCHEMES, stored as %(scheme)s"),
    Why.PLAIN_ONLY: _("only with PLAIN and LOGIN, stored as %(scheme)s"),
}
SOFT = (Why.TOLERATED, Why.PLAIN_ONLY)


@dataclass(frozen=True)
class Finding:
    """A mailbox whose owner could not sign in, or not in every way that is offered."""

    address: str
    trouble: Trouble
    already: bool
    """Whether that is so on the old host, too."""


@dataclass
class Group:
    """The findings of one reason."""

    reason: str
    count: int = 0
    already: int = 0
    addresses: list[str] = field(default_factory=list)
    """The first of them."""

    def add(self, finding: Finding) -> None:
        self.count += 1
        self.already += finding.already
        if len(self.addresses) < SHOWN:
            self.addresses.append(finding.address)

    @property
    def others(self) -> int:
        return self.count - len(self.addresses)


@dataclass
class Census:
    """How many mailboxes there are, and what was found, the most frequent reason first."""

    mailboxes: int
    groups: dict[Trouble, Group]

    def of(self, *whys: Why) -> list[Group]:
        found = [group for trouble, group in self.groups.items() if trouble.why in whys]
        return sorted(found, key=lambda group: -group.count)

    @property
    def shut_out(self) -> list[Group]:
        return self.of(*(why for why in Why if why not in SOFT))

    @property
    def tolerated(self) -> list[Group]:
        return self.of(Why.TOLERATED)

    @property
    def plain_only(self) -> list[Group]:
        return self.of(Why.PLAIN_ONLY)

    @property
    def weak(self) -> int:
        """How many MAIL_ALLOW_WEAK_SCHEMES would let in."""
        return sum(group.count for group in self.of(Why.WEAK))


def take_census(old: MailHost, new: MailHost) -> Census:
    """Go once through the table; only numbers and the first addresses are kept."""
    groups: dict[Trouble, Group] = {}
    for finding in findings(old, new):
        if finding.trouble not in groups:
            groups[finding.trouble] = Group(reason(finding.trouble, new))
        groups[finding.trouble].add(finding)
    mailboxes = Mailbox.objects.filter(active=True, domain__active=True).count()
    return Census(mailboxes, groups)


def findings(old: MailHost, new: MailHost) -> Iterator[Finding]:
    """Yield the mailboxes that are in trouble on the new host, by address."""
    for address, stored in passwords():
        if found := trouble(stored, new):
            yield Finding(address, found, alike(found, trouble(stored, old)))


def weak_forms() -> list[str]:
    """Return the addresses whose passwords a copy of the table would tell soon."""
    return [address for address, stored in passwords() if schemes.is_weak(stored)]


def passwords() -> Iterator[tuple[str, str]]:
    """Yield address and stored form of each active mailbox of an active domain, by address.

    They come in slices, since MySQL's client library keeps the whole answer to a query. The domain
    is no condition of that query: MySQL would begin with the domains and sort all, for each slice.
    """
    domain = Domain.objects.filter(pk=OuterRef("domain_id"), active=True)
    rows = Mailbox.objects.filter(active=True).order_by("username")
    shown = rows.annotate(open=Exists(domain)).values_list("username", "password", "open")
    last = ""
    while found := list(shown.filter(username__gt=last)[:SLICE]):
        yield from ((address, stored) for address, stored, is_open in found if is_open)
        last = found[-1][0]


def trouble(stored: str, host: MailHost) -> Trouble | None:
    scheme = host.scheme
    found = schemes.trouble(stored, scheme.pam_crypt, host.release.weak, scheme.mechanisms)
    if found and found.why == Why.WEAK and host.weak_schemes:
        return Trouble(Why.TOLERATED, found.scheme)
    return found


def alike(one: Trouble, other: Trouble | None) -> bool:
    """Say whether both keep the owner out, or both let her in with the same reserve."""
    if one.why in SOFT:
        return other is not None and one.why == other.why
    return other is not None and other.why not in SOFT


def reason(trouble: Trouble, host: MailHost) -> str:
    """Say why; the scheme is named, and nothing else of what is stored."""
    return str(REASONS[trouble.why]) % {
        "scheme": trouble.scheme,
        "release": host.release.title,
        "read": READ_BY_PAM.get(host.scheme.pam_crypt or 0, ""),
    }
