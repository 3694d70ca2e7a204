"""The DNS records of a domain, asked of a name server that answers what a test tells it."""

import time

import pytest
from django.test import Client
from dns.rcode import SERVFAIL
from dns.resolver import Resolver
from pytest_django import Settings

from mailboxes.conf import mail_host
from mailboxes.domain_dns import lookups
from mailboxes.domain_dns.examine import examine_domain
from mailboxes.domain_dns.lookups import Outcome, Question, ask, resolver
from mailboxes.domain_dns.records import State
from mailboxes.models import Domain
from tests.name_server import NameServer, Records

HOST, ADDRESS, IPV6 = "mail.example.test", "192.0.2.7", "2001:db8::7"
SPF = ("example.net", "TXT")
COMPLETE: Records = {
    (HOST, "A"): [ADDRESS],
    ("7.2.0.192.in-addr.arpa", "PTR"): [f"{HOST}."],
    ("example.net", "MX"): [f"10 {HOST}.", "20 backup.example.com."],
    SPF: ['"v=spf1 mx -all"', '"another text"'],
    ("_dmarc.example.net", "TXT"): ['"v=DMARC1; p=none"'],
    ("_imaps._tcp.example.net", "SRV"): [f"0 1 993 {HOST}."],
    ("_submission._tcp.example.net", "SRV"): [f"5 1 587 {HOST}."],
    ("_submissions._tcp.example.net", "SRV"): [f"0 1 465 {HOST}."],
    ("autoconfig.example.net", "A"): ["192.0.2.9"],
    ("autodiscover.example.net", "AAAA"): ["2001:db8::9"],
}


def states(transport: str = "virtual") -> dict[str, State]:
    """Return the state of each record by its name and kind, such as `example.net. MX`."""
    domain = Domain(domain="example.net", transport=transport)
    records = examine_domain(domain, mail_host(), "panel.example.com")
    return {" ".join(record.line.split()[:2]): record.state for record in records}


def state_of_spf(name_server: NameServer, *texts: str) -> State:
    name_server.records = COMPLETE | {SPF: [f'"{text}"' for text in texts]}
    return states()["example.net. TXT"]


def test_a_complete_domain_has_all_that_it_needs(dns: NameServer) -> None:
    dns.records = COMPLETE
    found = states()
    assert set(found.values()) == {State.RIGHT} and len(found) == 10
    relayed = states("relay:[192.0.2.1]")
    assert relayed.keys() == {name for name in found if "autoc" not in name and "SRV" not in name
                              and "autod" not in name}  # fmt: skip


def test_what_is_missing_is_told_from_what_is_advisable(dns: NameServer) -> None:
    found = states()
    needed = {"example.net. MX", "example.net. TXT", f"{HOST}. A"}
    assert {name for name, state in found.items() if state == State.MISSING} == needed
    assert {found[name] for name in found.keys() - needed} == {State.ADVISABLE}


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (("example.net", "MX"), ["10 other.example.com."], "example.net. MX"),
        (("7.2.0.192.in-addr.arpa", "PTR"), ["host7.isp.example."], "7.2.0.192.in-addr.arpa. PTR"),
        (
            ("_imaps._tcp.example.net", "SRV"),
            ["0 0 0 ."],
            "_imaps._tcp.example.net. SRV",
        ),
        (
            ("_dmarc.example.net", "TXT"),
            ['"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'],
            "_dmarc.example.net. TXT",
        ),
    ],
)
def test_another_value_is_wrong(
    dns: NameServer, key: tuple[str, str], value: list[str], line: str
) -> None:
    dns.records = COMPLETE | {key: value}
    found = states()
    assert {name for name, state in found.items() if state != State.RIGHT} == {line}
    assert found[line] == State.WRONG


@pytest.mark.parametrize(
    "text",
    ["v=spf1 mx ~all", f"V=SPF1 +a:{HOST} -all", "v=spf1 ip4:192.0.2.0/24 -all", "v=spf1 +all"],
)
def test_an_spf_record_that_names_the_host_is_right(dns: NameServer, text: str) -> None:
    assert state_of_spf(dns, text) == State.RIGHT


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        (["v=spf1 -all"], State.WRONG),
        (["v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 ip4:x -all"], State.WRONG),
        (["v=spf1 mx -all", "v=spf1 a -all"], State.WRONG),
        (["v=spf10 mx -all", "mx"], State.MISSING),
        (["v=spf1 include:_spf.example.com -all"], State.UNKNOWN),
        (["v=spf1 redirect=_spf.example.com"], State.UNKNOWN),
    ],
)
def test_an_spf_record_is_read_as_far_as_it_goes(
    dns: NameServer, texts: list[str], state: State
) -> None:
    assert state_of_spf(dns, *texts) == state


def test_a_long_text_is_read_as_one(dns: NameServer) -> None:
    dns.records = {SPF: ['"v=spf1 ip4:198.51.100.1" " mx -all"']}
    found = ask(Question("example.net", "TXT"), resolver())
    assert found.texts == ("v=spf1 ip4:198.51.100.1 mx -all",)


def test_both_kinds_of_addresses_need_a_name(dns: NameServer) -> None:
    dns.records = COMPLETE | {(HOST, "AAAA"): [IPV6]}
    wrong = [name for name, state in states().items() if state != State.RIGHT]
    assert len(wrong) == 1 and wrong[0].endswith("8.b.d.0.1.0.0.2.ip6.arpa. PTR")
    dns.records = {(HOST, "AAAA"): [IPV6]}
    assert states()[f"{HOST}. AAAA"] == State.RIGHT


def test_an_error_is_not_taken_for_a_missing_record(dns: NameServer, settings: Settings) -> None:
    dns.records = COMPLETE | {("example.net", "MX"): SERVFAIL}
    assert states()["example.net. MX"] == State.UNKNOWN
    assert ask(Question("example.net", "MX"), resolver()).outcome == Outcome.FAILED
    assert ask(Question("example.net", "A"), resolver()).outcome == Outcome.NO_RECORD
    assert ask(Question("nowhere.example", "A"), resolver()).outcome == Outcome.NO_NAME


def test_a_silent_name_server_is_asked_for_a_limited_time_and_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, rita: Client, domain: Domain
) -> None:
    monkeypatch.setattr(lookups, "SECONDS", 0.5)
    settings.DNS_SERVERS = ["127.0.0.1:1"]
    begun = time.monotonic()
    page = rita.get("/admin/mailboxes/domain/example.org/dns/").content.decode()
    assert "No name server has answered." in page
    assert time.monotonic() - begun < 16 * lookups.SECONDS


def test_a_machine_that_asks_no_name_server_gets_no_answer() -> None:
    nobody = Resolver(configure=False)
    assert ask(Question("example.net", "MX"), nobody).outcome == Outcome.NO_ANSWER


def test_the_page_shows_what_to_add(
    dns: NameServer, rita: Client, domain: Domain, settings: Settings
) -> None:
    url = "/admin/mailboxes/domain/example.org/dns/"
    page = rita.get(url).content.decode()
    assert "example.org. MX 10 mail.example.test." in page and "Add what is missing" in page
    assert f"{HOST}. A ADDRESS<" in page and "Replace ADDRESS with" in page
    assert "Everything that mail needs is there." not in page
    settings.ALLOWED_HOSTS = ["*"]
    named = {"panel.example.com:8000": "panel.example.com"}
    for asked in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", *named):  # mostly through ssh
        page = rita.get(url, headers={"host": asked}).content.decode()
        assert f"autoconfig.example.org. CNAME {named.get(asked, HOST)}.<" in page, asked
