"""Asking the DNS: many questions at once, and five outcomes kept apart."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import dns.exception
import dns.resolver
from django.conf import settings
from dns.nameserver import Do53Nameserver
from dns.rdata import Rdata
from dns.rdtypes.txtbase import TXTBase

SECONDS = 2.0
"""How long a question may take; a resolver's answer usually takes milliseconds."""

AT_ONCE = 10


class Outcome(StrEnum):
    FOUND = "found"
    NO_RECORD = "no record"
    """The name exists, but has no record of this kind."""

    NO_NAME = "no name"
    FAILED = "failed"
    """The domain's name servers have an error (SERVFAIL)."""

    NO_ANSWER = "no answer"


class Question(NamedTuple):
    name: str
    kind: str
    """Such as `MX`."""


@dataclass(frozen=True)
class Answer:
    outcome: Outcome
    texts: tuple[str, ...] = ()
    """The records as a zone file has them, in lower case and without final dots; those of TXT as
    the text itself."""

    @property
    def is_known(self) -> bool:
        """Whether the DNS has said what there is, or that there is nothing."""
        return self.outcome in (Outcome.FOUND, Outcome.NO_RECORD, Outcome.NO_NAME)


Answers = Mapping[Question, Answer]


def resolver() -> dns.resolver.Resolver:
    """Return what asks the servers in DNS_SERVERS or, without any, those that the machine asks."""
    servers = settings.DNS_SERVERS
    try:
        found = dns.resolver.Resolver(configure=not servers)
    except dns.resolver.NoResolverConfiguration:  # nothing in /etc/resolv.conf
        found = dns.resolver.Resolver(configure=False)
    if servers:
        found.nameservers = [
            Do53Nameserver(address, int(port or 53))
            for address, _, port in (server.partition(":") for server in servers)
        ]
    found.lifetime, found.timeout = SECONDS, SECONDS / 2
    return found


def ask_all(questions: Iterable[Question], using: dns.resolver.Resolver) -> Answers:
    """Ask all questions at the same time; this takes SECONDS for each ten of them at most."""
    unique = list(dict.fromkeys(questions))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(lambda question: ask(question, using), unique)
        return dict(zip(unique, answers, strict=True))


def ask(question: Question, using: dns.resolver.Resolver) -> Answer:
    if not using.nameservers:
        return Answer(Outcome.NO_ANSWER)
    try:
        found = using.resolve(question.name, question.kind, search=False)
    except dns.resolver.NXDOMAIN:
        return Answer(Outcome.NO_NAME)
    except dns.resolver.NoAnswer:
        return Answer(Outcome.NO_RECORD)
    except dns.resolver.NoNameservers:
        return Answer(Outcome.FAILED)
    except (dns.exception.DNSException, OSError):
        return Answer(Outcome.NO_ANSWER)
    return Answer(Outcome.FOUND, tuple(sorted(text_of(one) for one in found)))


def text_of(record: Rdata) -> str:
    if isinstance(record, TXTBase):  # a long text is split into strings of 255 bytes
        return b"".join(record.strings).decode(errors="replace")
    return " ".join(part.removesuffix(".") for part in record.to_text().lower().split())
