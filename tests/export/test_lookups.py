"""What Postfix's queries find in rows of other programs; the real Postfix is in tests/stack."""

import re
from dataclasses import replace
from functools import cache
from random import Random

import pytest
from django.db import connections

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.forwarding.expansion import Expansion
from mailboxes.forwarding.lookups import LookUps
from mailboxes.handling import DISCARD, PUNCTUATION, Handling, handling_target
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.routing import Kind
from tests.conftest import TESTER
from tests.export.conftest import MYSQL, SQLITE, mail_host, texts

DATABASES = {"mysql": MYSQL, "sqlite": SQLITE}


@cache
def query_of(name: str, vendor: str, catch_all_senders: bool) -> str:
    host = replace(mail_host(database=DATABASES[vendor]), catch_all_senders=catch_all_senders)
    text = texts(host)[f"etc/postfix/mailadmin/{name}.cf"]
    [query] = re.findall(r"^query = (.*(?:\n .*)*)", text, re.M)
    return str(query)


def look_up(name: str, key: str, catch_all_senders: bool = False) -> list[str]:
    """Run the query of a file as Postfix does for this key."""
    connection = connections["mail"]
    query = query_of(name, connection.vendor, catch_all_senders)
    user, _, domain = key.partition("@")
    if not user and "%u" in query:
        return []
    for letter, value in (("s", key), ("u", user), ("d", domain)):
        query = query.replace(f"%{letter}", value)
    query = query.replace("%%", "%")
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [found for (found,) in cursor.fetchall()]


@pytest.mark.parametrize(("state", "found"), [(0, False), (1, True), (2, False), (-1, False)])
def test_a_mailbox_in_any_state_but_1_receives_nothing_through_its_alias(
    anna: Mailbox, state: int, found: bool
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    with connections["mail"].cursor() as cursor:
        cursor.execute("UPDATE mailbox SET active = %s", [state])
    for name, key in ("aliases", anna.pk), ("alias_domains", "anna@example.net"):
        assert look_up(name, key) == [anna.pk] * found


def reply(address: str) -> str:
    """Look an address up as check_recipient_access does, until there is an answer."""
    local_part, _, domain = address.partition("@")
    plain = f"{local_part.partition('+')[0]}@{domain}"
    answers = (look_up("undeliverable", key) for key in (address, plain, domain))
    return next(filter(None, answers), ["DUNNO"])[0]


def is_refused(address: str) -> bool:
    return reply(address).startswith("550 5.1.1 ")


def add(address: str, *targets: str, active: bool = True) -> None:
    domain = address.partition("@")[2]
    Alias.objects.create(address=address, goto=",".join(targets), domain_id=domain, active=active)


@pytest.fixture
def aliases(anna: Mailbox, bob: Mailbox) -> None:
    for name in ("example.net", "closed.example", "all.example", "lost.example"):
        actions.create_domain(TESTER, DomainName.parse(name))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    actions.set_active(TESTER, bob, False)
    Domain.objects.filter(pk="closed.example").update(active=False)
    add("dead@example.org", "gone@example.org", "Bob@example.org")
    add("nested@example.org", "dead@example.org", "team@closed.example")
    add("loop@example.org", "loop2@example.org")
    add("loop2@example.org", "loop@example.org")
    add("mixed@example.org", "gone@example.org", " Anna@Example.org")
    add("away@example.org", "dead@example.org", "carl@elsewhere.example")
    add("pipe@example.org", '"|/usr/bin/filter"')
    add("list@example.org", ":include:/etc/list")
    add("two@example.org", "gone@example.org anna@example.org")
    add("lines@example.org", "gone@example.org\nbob@example.org,")
    add("off@example.org", "x@off.example")
    add("relayed@example.org", "x@relayed.example")
    for name in ("relayed.example", "off.example"):
        Domain.objects.create(domain=name, transport="relay:[192.0.2.1]", active=name[0] == "r")
    add("through@example.org", "anna+box@example.net")
    add("team@closed.example", "anna@example.org")
    add("@all.example", "anna@example.org")
    add("list@all.example", "gone@all.example")
    add("@lost.example", "gone@example.org")
    add("kept@lost.example", "anna@example.org")
    Alias.objects.filter(pk=bob.pk).update(active=True)  # as others do


def test_an_address_that_leads_nowhere_is_refused(aliases: None) -> None:
    for local_part in ("dead", "nested", "loop", "DEAD", "dead+x"):
        for place in ("example.org", "example.net"):
            assert is_refused(f"{local_part}@{place}")
    assert is_refused("any@lost.example")
    for local_part in ("pipe", "list", "lines", "off"):
        assert is_refused(f"{local_part}@example.org"), local_part


def test_others_are_left_to_the_usual_checks(aliases: None) -> None:
    for address in (
        *("anna@example.org", "ANNA@example.org", "anna+x@example.org", "anna@example.net"),
        *("mixed@example.org", "away@example.org", "two@example.org", "through@example.org"),
        *("list@all.example", "any@all.example", "bob@all.example", "nobody@example.org"),
        *(
            "relayed@example.org",
            "kept@lost.example",
            "a@sub.lost.example",
            "someone@elsewhere.example",
            "root",
        ),
    ):
        assert not is_refused(address), address


def test_what_arrives_nowhere_is_refused_and_nothing_else(tables: None) -> None:
    refused = 0
    for number in range(30):
        random = Random(number)
        names = [f"{name}@{domain}.example" for name in ("a", "a+1", "b") for domain in "wxyz"]
        ends = [*names, *names, "a+2@x.example", "e@else.example"]
        for model in (Domain, Mailbox, Alias, AliasDomain):
            model.objects.all().delete()
        for domain in "wxyz":
            relayed = {"transport": "relay:[192.0.2.1]"} if domain == "w" else {}
            Domain.objects.create(
                domain=f"{domain}.example", active=random.random() < 0.9, **relayed
            )
        for name in random.sample(names[1:3] + names[5:7], 2):
            active = random.random() < 0.6
            Mailbox.objects.create(username=name, domain_id=name[-9:], active=active)
            add(name, name, active=active)
        if random.random() < 0.5:
            add("b@w.example", "b@w.example")
        addresses = [*names, *(f"@{domain}.example" for domain in "wxyz")]
        for address in random.sample(addresses, 8):
            goto = random.choices(ends, k=random.randint(1, 3))
            if random.random() < 0.2:
                goto = [handling_target(Handling.REFUSED, "No.")]
            if not Alias.objects.filter(pk=address).exists():
                add(address, *dict.fromkeys(goto), active=random.random() < 0.8)
        for domain, target in (("z", "x"), ("y", "w")):
            if random.random() < 0.5:
                row = {"alias_domain": f"{domain}.example", "target_domain": f"{target}.example"}
                AliasDomain.objects.create(**row)
        refused += check_refusals([*names, "b+1@w.example", "c@x.example", "a+3@z.example"])
    assert refused > 60


def check_refusals(addresses: list[str]) -> int:
    """Compare what is refused with what arrives nowhere; return how many are."""
    expansion, refused = Expansion(addresses, LookUps()), 0
    for address in addresses:
        if not expansion.targets(address) or expansion.is_deferred(address):
            continue  # the usual checks decide, or the panel doesn't save it
        assert is_refused(address) == (not expansion.arrives(address)), address
        refused += is_refused(address)
    return refused


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize(
    "columns",
    [
        *((text, 0) for text in ("virtual", "", "relayed:x", "lmtp:unix:x", "smtp-amavis:[::1]")),
        *(
            (text, 0)
            for text in ("relay", "relay:", "Smtp:", "smtp:[192.0.2.1]", "RELAY:a.example")
        ),
        *((text, 1) for text in ("virtual", "relay", "smtp:[192.0.2.1]:26", "")),
        *((text, 2) for text in ("virtual", "relay")),
    ],
)
def test_postfix_relays_the_domains_that_the_panel_calls_relayed(
    domain: Domain, columns: tuple[str, int], active: bool
) -> None:
    with connections["mail"].cursor() as cursor:
        cursor.execute("UPDATE domain SET transport = %s, backupmx = %s", columns)
    Domain.objects.update(active=active)
    domain.refresh_from_db()
    is_relayed = domain.route.kind != Kind.LOCAL
    assert look_up("domains", domain.pk) == [domain.pk] * (active and not is_relayed)
    assert look_up("relay_domains", domain.pk) == [domain.pk] * (active and is_relayed)
    has_host = domain.route.kind == Kind.RELAYED
    assert look_up("transports", domain.pk) == [columns[0]] * (active and has_host)
    found = look_up("relay_recipients", f"anna@{domain.pk}")
    assert found == [domain.pk] * (active and is_relayed)


def test_only_listed_recipients_of_a_relayed_domain_are_known_if_there_are_any(
    anna: Mailbox,
) -> None:
    actions.create_domain(TESTER, DomainName.parse("example.net"))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    Domain.objects.filter(pk="example.org").update(transport="relay:[192.0.2.1]")
    nobody = ("relay_recipients", "nobody@example.org"), ("alias_domains", "nobody@example.net")
    assert look_up("relay_recipients", anna.pk) == ["example.org"]
    assert look_up("alias_domains", "anna@example.net") == [anna.pk]
    assert [look_up(*key) for key in nobody] == [[], []]
    Alias.objects.update(goto="x@example.edu")
    Mailbox.objects.update(active=False)
    assert [look_up(*key) for key in nobody] == [["example.org"], ["nobody@example.org"]]


def test_mail_that_is_relayed_is_not_refused_as_undeliverable(aliases: None) -> None:
    Domain.objects.filter(pk="lost.example").update(transport="smtp:[192.0.2.1]")
    add("listed@lost.example", "listed@lost.example")
    add("there@example.org", "any@lost.example")
    assert not is_refused("listed@lost.example")
    assert is_refused("there@example.org")  # by way of the catch-all
    Domain.objects.filter(pk="lost.example").update(transport="virtual")
    assert is_refused("listed@lost.example")


def test_a_refused_address_gives_its_sentence_also_through_others(aliases: None) -> None:
    sentence = f"Anna-Lena has left ({PUNCTUATION}=2e). Bye!"
    target = handling_target(Handling.REFUSED, sentence)
    Alias.objects.filter(pk="anna@example.org").update(goto=target)
    add("@example.org", "carl@elsewhere.example")
    Alias.objects.filter(pk="bob@example.org").update(goto=target, active=False)
    add("info@example.org", "anna@example.org", "bob@example.org")
    for address in ("anna@example.org", "Anna+x@example.org", "anna@example.net",
                    "bob@example.org", "bob@example.net", "info@example.org"):  # fmt: skip
        assert reply(address) == f"550 5.1.1 {sentence}", address
    assert look_up("aliases", "bob@example.org") == [target]
    assert look_up("alias_domains", "bob@example.net") == ["bob@example.org"]
    assert look_up("transports", target) == [f"error:5.1.1 {sentence}"]
    assert look_up("transports", DISCARD) == ["discard:as the panel says"]
    assert look_up("transports", "refused.invalid") == []


def test_discarded_mail_is_accepted(aliases: None) -> None:
    Alias.objects.filter(pk="bob@example.org").update(goto=DISCARD, active=False)
    assert not is_refused("bob@example.org")
    assert look_up("aliases", "bob@example.org") == [DISCARD]
    Alias.objects.filter(pk="bob@example.org").update(goto=f"{DISCARD},x@example.net")
    assert look_up("aliases", "bob@example.org") == []


def test_any_recipient_is_known_in_domains_that_others_relay(domain: Domain) -> None:
    Domain.objects.update(transport="relay:[192.0.2.1]")
    for name in ("others.example", "sub.others.example", f"my{domain.pk}"):
        assert look_up("other_recipients", f"anna@{name}") == ["x"], name
    for name in (domain.pk, f"sub.{domain.pk}"):
        assert look_up("other_recipients", f"anna@{name}") == [], name


def test_whole_addresses_have_their_transport_before_those_of_others(domain: Domain) -> None:
    address = f"anna@{domain.pk}"
    assert look_up("kept_transports", address) == ["lmtp:unix:private/mailadmin-lmtp"]
    assert look_up("kept_transports", "anna@others.example") == []
    Domain.objects.update(transport="relay:[192.0.2.1]")
    assert look_up("kept_transports", address) == ["relay:[192.0.2.1]"]
    Domain.objects.update(transport="", backupmx=True)
    assert look_up("kept_transports", address) == []
