"""What is found in the tables is what the exported maps find."""

import pytest
from pytest_django import Settings

from mailboxes import actions
from mailboxes.addresses import DomainName
from mailboxes.forwarding.expansion import End, Found
from mailboxes.forwarding.lookups import LookUps
from mailboxes.handling import DISCARD, Handling, handling_target
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.conftest import TESTER

ANNA = "anna@example.org"
REFUSAL = handling_target(Handling.REFUSED, "No.")
pytestmark = pytest.mark.usefixtures("rows")


@pytest.fixture
def rows(anna: Mailbox, bob: Mailbox) -> None:
    """A domain, its alias domain, and one that is disabled; Bob's mailbox is disabled."""
    for name in ("example.net", "closed.example"):
        actions.create_domain(TESTER, DomainName.parse(name))
    actions.create_alias_domain(TESTER, "example.net", "example.org")
    actions.set_active(TESTER, bob, False)
    Domain.objects.filter(pk="closed.example").update(active=False)
    add_alias("info@example.org", "anna@example.org, Carl@Elsewhere.example")
    add_alias("off@example.org", ANNA, active=False)
    add_alias("team@closed.example", ANNA)
    for name in ("relayed.example", "off.example"):
        Domain.objects.create(domain=name, transport="relay:[192.0.2.1]", active=name[0] == "r")
    actions.create_domain(TESTER, DomainName.parse("also.example"))
    AliasDomain.objects.create(alias_domain="also.example", target_domain="relayed.example")


def add_alias(address: str, goto: str, active: bool = True) -> None:
    domain = address.rpartition("@")[2]
    Alias.objects.create(address=address, goto=goto, domain_id=domain, active=active)


def find(address: str, all_domains: bool = False) -> Found:
    return LookUps(all_domains)([address])[address]


@pytest.mark.parametrize(
    ("address", "end", "targets"),
    [
        (ANNA, End.MAILBOX, ANNA),
        ("anna+box@example.org", End.MISSING, ANNA),
        ("anna@example.net", End.MISSING, ANNA),
        ("anna+box@example.net", End.MISSING, ANNA),
        ("info@example.net", End.MISSING, "info@example.org"),
        ("info@example.org", End.MISSING, "anna@example.org Carl@Elsewhere.example"),
        ("bob@example.org", End.DISABLED, ""),
        ("bob@example.net", End.MISSING, ""),
        ("off@example.org", End.DISABLED, ""),
        ("nobody@example.org", End.MISSING, ""),
        ("team@closed.example", End.DOMAIN_DISABLED, ""),
        ("carl@elsewhere.example", End.ELSEWHERE, ""),
        ("root", End.ELSEWHERE, ""),
        ("x@relayed.example", End.ELSEWHERE, ""),
        ("x@also.example", End.MISSING, "x@relayed.example"),
        ("x@off.example", End.DOMAIN_DISABLED, ""),
        ("|/bin/cat", End.NO_ADDRESS, ""),
        ('"|/bin/cat -n"', End.NO_ADDRESS, ""),
        ("/tmp/file", End.NO_ADDRESS, ""),
        (":include:/tmp/list", End.NO_ADDRESS, ""),
    ],
)
def test_an_address_is_found_as_postfix_finds_it(address: str, end: End, targets: str) -> None:
    found = find(address)
    assert found.targets == tuple(targets.split())
    assert found.end == end


def test_a_catch_all_has_the_rest_of_its_domain_and_of_alias_domains() -> None:
    add_alias("@example.org", "rest@example.org")
    for address in ("nobody@example.org", "bob@example.org", "nobody@example.net"):
        assert find(address).targets == ("rest@example.org",)
    assert find(ANNA).targets == (ANNA,)
    assert find("rest@example.org").targets == ("rest@example.org",)


def test_a_whole_domain_as_a_target_keeps_the_local_part() -> None:
    add_alias("@example.org", "@elsewhere.example")
    assert find("nobody+box@example.org").targets == ("nobody+box@elsewhere.example",)


def test_disabled_domains_can_be_followed_as_if_they_were_enabled() -> None:
    assert find("team@closed.example", all_domains=True).targets == (ANNA,)


def test_a_domain_for_which_this_host_is_a_backup_is_elsewhere() -> None:
    Domain.objects.filter(pk="closed.example").update(active=True, backupmx=True)
    assert find("carl@closed.example").end == End.ELSEWHERE


def test_a_disabled_alias_domain_forwards_nothing() -> None:
    AliasDomain.objects.update(active=False)
    assert not find("anna@example.net").targets


def test_any_character_of_the_delimiter_starts_an_extension(settings: Settings) -> None:
    settings.MAIL_RECIPIENT_DELIMITER = "-+"
    assert find("anna-box+x@example.org").targets == (ANNA,)
    settings.MAIL_RECIPIENT_DELIMITER = ""
    assert not find("anna+box@example.org").targets


def test_a_mailbox_that_is_disabled_still_refuses_or_discards_its_mail() -> None:
    add_alias("@example.org", "rest@example.org")
    for target, end in ((DISCARD, End.ELSEWHERE), (REFUSAL, End.REFUSED)):
        Alias.objects.filter(pk="bob@example.org").update(goto=target)
        for address in ("bob@example.org", "bob+box@example.org"):
            assert find(address).targets == (target,)
        assert find("bob@example.net").targets == ("bob@example.org",)
        assert find(target.lower()).end == end
    Alias.objects.filter(pk="off@example.org").update(goto=REFUSAL)
    assert find("off@example.org").targets == ("rest@example.org",)


@pytest.mark.parametrize(
    ("address", "delimiter", "found"),
    [
        ("anna-box@example.org", "-", ANNA),
        ("anna+box@example.org", "+-", ANNA),
        *((f"{name}@example.org", "-", "") for name in ("owner-anna", "anna-request")),
        *((f"{name}@example.org", "+-", "") for name in ("Owner-x", "anna+x-request")),
        ("anna+x-request@example.org", "+", ANNA),
        ("mailer-daemon@example.org", "-", ""),
    ],
)
def test_names_of_mailing_lists_have_no_extension_where_it_begins_with_a_hyphen(
    settings: Settings, address: str, delimiter: str, found: str
) -> None:
    settings.MAIL_RECIPIENT_DELIMITER = delimiter
    add_alias("mailer@example.org", ANNA)
    assert " ".join(find(address).targets) == found


def test_white_space_separates_targets_as_postfix_reads_them() -> None:
    add_alias("two@example.org", f"{ANNA} bob@example.org,\n carl@elsewhere.example")
    assert find("two@example.org").targets == (ANNA, "bob@example.org", "carl@elsewhere.example")
    add_alias("pipe@example.org", "|/bin/cat -n")
    assert find("pipe@example.org").targets == ("|/bin/cat -n",)
