"""Who may send as which address by Postfix's queries; the real Postfix is in tests/stack."""

from random import Random

import pytest

from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.export.test_lookups import add, look_up

MAPS = ("sender_logins", "alias_sender_logins")


def stripped(address: str) -> str:
    local_part, _, domain = address.partition("@")
    return f"{local_part.partition('+')[0]}@{domain}"


def senders(address: str, catch_all_senders: bool = False) -> set[str]:
    """Look an address up as Postfix does, until there is an answer."""
    for key in dict.fromkeys((address, stripped(address), address[address.index("@") :])):
        for name in MAPS:
            if found := look_up(name, key, catch_all_senders):
                return set(map(str.lower, found))
    return set()


@pytest.fixture
def addresses(tables: None) -> None:
    """Aliases of aliases, in an alias domain, below a catch-all, and in circles."""
    for name in ("a.example", "net.example", "all.example", "closed.example"):
        Domain.objects.create(domain=name, active=name != "closed.example")
    AliasDomain.objects.create(alias_domain="net.example", target_domain="a.example")
    for name in ("anna@a.example", "bob@a.example", "eve@a.example", "carl@closed.example"):
        Mailbox.objects.create(username=name, domain_id=name.partition("@")[2])
    Mailbox.objects.filter(pk="eve@a.example").update(active=False)
    add("bob@a.example", "bob@a.example", "anna@a.example")
    add("info@a.example", "Anna@A.example", "carl@closed.example", "eve@a.example")
    add("sales@a.example", "info@a.example", "bob@a.example", "x@elsewhere.example")
    add("deep@a.example", " sales+x@net.example")
    add("own@net.example", "bob+box@net.example")
    add("box@a.example", "bob+x@a.example")
    add("bob+x@a.example", "anna@a.example")
    add("off@a.example", "anna@a.example", active=False)
    add("through@a.example", "off@a.example", "gone@a.example", "@a.example")
    add("team@closed.example", "anna@a.example")
    add("loop@a.example", "loop2@net.example")
    add("loop2@a.example", "LOOP@a.example", "anna@a.example")
    add("@all.example", "info@a.example")
    add("off@all.example", "bob@a.example", active=False)
    add("any@a.example", "some+one@all.example")


ANNA, BOB = "anna@a.example", "bob@a.example"
RIGHTS = {
    ANNA: {ANNA},
    "Anna+box@A.example": {ANNA},
    "anna@net.example": {ANNA},
    BOB: {BOB},
    "info@a.example": {ANNA},
    "info+box@net.example": {ANNA},
    "sales@a.example": {ANNA, BOB, "x@elsewhere.example"},
    "deep@net.example": {ANNA, BOB, "x@elsewhere.example"},
    "own@net.example": {BOB},
    "box@a.example": {ANNA},
    "loop@a.example": {ANNA},
}
NOBODY = (
    *("eve@a.example", "off@a.example", "off@net.example", "through@a.example", "own@a.example"),
    *("carl@closed.example", "team@closed.example", "nobody@a.example", "x@elsewhere.example"),
    *("off@all.example", "@a.example"),
)
BY_CATCH_ALL = ("any@all.example", "new+box@all.example", "any@a.example")


def test_members_of_an_alias_may_send_as_it_and_nobody_else(addresses: None) -> None:
    assert {address: senders(address) for address in RIGHTS} == RIGHTS
    assert not any(map(senders, (*NOBODY, *BY_CATCH_ALL)))


def test_members_of_a_catch_all_may_send_as_what_does_not_exist_if_that_is_set(
    addresses: None,
) -> None:
    assert {address: senders(address, True) for address in RIGHTS} == RIGHTS
    assert not any(senders(address, True) for address in NOBODY)
    assert [senders(address, True) for address in BY_CATCH_ALL] == [{ANNA}] * 3


def expected(address: str, catch_alls: bool) -> set[str]:
    """Return the mailboxes at the ends of the aliases, without any SQL."""
    domains = set(Domain.objects.filter(active=True).values_list("pk", flat=True))
    targets = {row.pk: row.target_domain for row in AliasDomain.objects.all()}
    mailboxes = {row.pk: row.active for row in Mailbox.objects.all()}
    aliases = {row.pk: row.active and row.targets for row in Alias.objects.all()}

    def existing(key: str) -> str:
        keys = [key, stripped(key)] + [key[key.index("@") :]] * catch_alls
        for each in keys:
            local_part, _, domain = each.partition("@")
            for place in (domain, targets.get(domain, domain)):
                if domain in domains and (found := f"{local_part}@{place}") in mailboxes | aliases:
                    return found
        return ""

    reached, pending = set[str](), [address]
    while pending:
        found = existing(pending.pop())
        if found.partition("@")[2] in domains and found not in reached:
            reached.add(found)
            ours = () if found in mailboxes else aliases[found] or ()
            pending += [target for target in ours if not target.startswith("@")]
    return {found for found in reached if mailboxes.get(found)}


@pytest.mark.parametrize("catch_alls", [False, True])
def test_the_queries_find_the_mailboxes_at_the_ends_of_all_aliases(
    tables: None, catch_alls: bool
) -> None:
    rights = 0
    for number in range(6):
        random = Random(number)
        names = [f"{name}@{domain}.example" for name in "abc" for domain in "xyz"]
        ends = [*names, *names, "@x.example", "a+1@x.example", "c+1@z.example", "e@else.example"]
        for model in (Domain, Mailbox, Alias, AliasDomain):
            model.objects.all().delete()
        for domain in "xyz":
            Domain.objects.create(domain=f"{domain}.example", active=random.random() < 0.9)
        for name in random.sample(names, 3):
            Mailbox.objects.create(username=name, domain_id=name[2:], active=random.random() < 0.7)
        for address in random.sample([*names, "@x.example", "@y.example", "a+1@x.example"], 8):
            goto = random.choices(ends, k=random.randint(1, 3))
            add(address, *goto, active=random.random() < 0.8)
        if random.random() < 0.5:
            AliasDomain.objects.create(alias_domain="z.example", target_domain="x.example")
        for address in (*names, "d@x.example", "a+1@z.example", "a+1@x.example"):
            found = senders(address, catch_alls) - {"e@else.example"}
            ends_of = (expected(key, catch_alls) for key in (address, stripped(address)))
            assert found == next(filter(None, ends_of), set()), (number, address)
            rights += len(found)
    assert rights > 12
