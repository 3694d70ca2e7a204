"""The records that a domain should have so that its mail arrives and is accepted by others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network

from dns.reversename import from_address

from mailboxes.client_settings import incoming_servers, outgoing_servers
from mailboxes.conf import MailHost
from mailboxes.domain_dns.lookups import Answer, Answers, Outcome, Question
from mailboxes.errors import gettext_noop

SERVICES = {"imap": "_imaps", "pop3": "_pop3s"}


class State(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"
    ADVISABLE = "advisable"
    """It is missing, but mail works without it."""

    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Record:
    """A record as it should be, what there is instead, and what it is good for."""

    line: str
    """As in a zone file, to copy."""

    purpose: str
    """An untranslated sentence."""

    state: State
    found: tuple[str, ...] = field(default=())
    outcome: Outcome = Outcome.FOUND


def host_questions(host: MailHost) -> list[Question]:
    return [Question(host.hostname, kind) for kind in ("A", "AAAA")]


def addresses(host: MailHost, answers: Answers) -> list[str]:
    """Return the mail host's addresses."""
    return [text for question in host_questions(host) for text in answers[question].texts]


def pointer(address: str) -> Question:
    return Question(from_address(address).to_text().removesuffix("."), "PTR")


def domain_questions(domain: str) -> list[Question]:
    return [Question(domain, "MX"), Question(domain, "TXT"), Question(f"_dmarc.{domain}", "TXT")]


def client_questions(domain: str, host: MailHost) -> list[Question]:
    return [
        *(Question(name, "SRV") for name, _ in services(domain, host)),
        *(Question(name, kind) for name in client_names(domain, host) for kind in ("A", "AAAA")),
    ]


def client_names(domain: str, host: MailHost) -> list[str]:
    """Return where Thunderbird and Outlook ask, if there is a server to read mail from."""
    return [f"autoconfig.{domain}", f"autodiscover.{domain}"] if incoming_servers(host) else []


def services(domain: str, host: MailHost) -> Iterator[tuple[str, str]]:
    """Yield the SRV records for mail programs (RFC 6186, RFC 8314): names and values."""
    for server in incoming_servers(host):
        yield f"{SERVICES[server.protocol]}._tcp.{domain}", f"0 1 {server.port} {server.hostname}"
    for server in outgoing_servers(host):
        name = "_submission" if server.starttls else "_submissions"
        yield f"{name}._tcp.{domain}", f"0 1 {server.port} {server.hostname}"


def check_host(host: MailHost, answers: Answers) -> Iterator[Record]:
    """Yield the records of the mail host itself, which all domains share."""
    known = addresses(host, answers)
    answer = answers[host_questions(host)[0]]
    if known:
        purpose = gettext_noop("Other mail servers and mail programs connect to this address.")
        line = f"{host.hostname}. {'AAAA' if ':' in known[0] else 'A'} {known[0]}"
    else:
        purpose = gettext_noop(
            "Other mail servers and mail programs connect to this address. Replace ADDRESS with "
            "the mail host's public one."
        )
        line = f"{host.hostname}. A ADDRESS"
    yield compared(line, purpose, Answer(answer.outcome, tuple(known)), True)
    purpose = gettext_noop(
        "Many mail servers refuse mail from an address whose name doesn't lead back to it. Whoever "
        "gave you the address sets this record."
    )
    for address in known:
        question = pointer(address)
        line, answer = f"{question.name}. PTR {host.hostname}.", answers[question]
        yield compared(line, purpose, answer, host.hostname in answer.texts)


def check_domain(domain: str, host: MailHost, answers: Answers) -> Iterator[Record]:
    yield check_mx(domain, host, answers[Question(domain, "MX")])
    yield check_spf(domain, host, answers[Question(domain, "TXT")], addresses(host, answers))
    yield check_dmarc(domain, answers[Question(f"_dmarc.{domain}", "TXT")])


def check_clients(domain: str, host: MailHost, panel: str, answers: Answers) -> Iterator[Record]:
    """Yield what mail programs look for; `panel` is the name under which the panel is reached."""
    purpose = gettext_noop("Some mail programs find the servers with it.")
    for name, value in services(domain, host):
        answer = answers[Question(name, "SRV")]
        is_right = value.split()[2:] in [text.split()[2:] for text in answer.texts]
        yield advisable(f"{name}. SRV {value}.", purpose, answer, is_right)
    purpose = gettext_noop("Mail programs ask there for the settings; see docs/mail-programs.md.")
    for name in client_names(domain, host):
        both = [answers[Question(name, kind)] for kind in ("A", "AAAA")]
        found = next((answer for answer in both if answer.texts), both[0])
        yield advisable(f"{name}. CNAME {panel}.", purpose, found, True)


def check_mx(domain: str, host: MailHost, answer: Answer) -> Record:
    purpose = gettext_noop("Other mail servers deliver mail for the domain to this host.")
    hosts = [text.split()[-1] for text in answer.texts]
    line = f"{domain}. MX 10 {host.hostname}."
    return compared(line, purpose, answer, host.hostname in hosts)


def check_spf(domain: str, host: MailHost, answer: Answer, own: Sequence[str]) -> Record:
    """Compare the domain's SPF record (RFC 7208); there must be exactly one."""
    purpose = gettext_noop("It names the hosts that may send mail from the domain's addresses.")
    found = tuple(text for text in answer.texts if text.lower().split(" ")[0] == "v=spf1")
    line = f'{domain}. TXT "v=spf1 mx -all"'
    state = spf_state(found, domain, host, own) if found else missing(answer)
    return Record(line, purpose, state, found, answer.outcome)


def spf_state(texts: Sequence[str], domain: str, host: MailHost, own: Sequence[str]) -> State:
    """Say whether a single SPF record names the mail host; what it includes isn't followed."""
    if len(texts) != 1:
        return State.WRONG
    terms = [term.removeprefix("+") for term in texts[0].lower().split()[1:]]
    named = {"mx", f"mx:{domain}", f"a:{host.hostname}", "all"}
    if any(term in named or covers(term, own) for term in terms):
        return State.RIGHT
    elsewhere = ("include:", "redirect=", "exists:", "a:", "mx:")
    return State.UNKNOWN if any(term.startswith(elsewhere) for term in terms) else State.WRONG


def covers(term: str, own: Sequence[str]) -> bool:
    """Say whether a term of an SPF record is a network of one of the addresses."""
    if not term.startswith(("ip4:", "ip6:")):
        return False
    try:
        network = ip_network(term[4:], strict=False)
    except ValueError:
        return False
    return any(ip_address(address) in network for address in own)


def check_dmarc(domain: str, answer: Answer) -> Record:
    """Look for the domain's DMARC policy (RFC 7489); there may be one at most."""
    line = f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
    purpose = gettext_noop(
        "Large providers expect it. With p=none, it only asks them for reports about forged mail."
    )
    found = tuple(text for text in answer.texts if text.lower().startswith("v=dmarc1"))
    return advisable(line, purpose, Answer(answer.outcome, found), len(found) == 1)


def missing(answer: Answer) -> State:
    return State.MISSING if answer.is_known else State.UNKNOWN


def compared(line: str, purpose: str, answer: Answer, is_right: bool) -> Record:
    state = missing(answer)
    if answer.texts:
        state = State.RIGHT if is_right else State.WRONG
    return Record(line, purpose, state, answer.texts, answer.outcome)


def advisable(line: str, purpose: str, answer: Answer, is_right: bool) -> Record:
    found = compared(line, purpose, answer, is_right)
    if found.state != State.MISSING:
        return found
    return Record(line, purpose, State.ADVISABLE, (), answer.outcome)
