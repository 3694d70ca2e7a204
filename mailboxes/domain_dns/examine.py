"""All records of a domain, looked up now."""

from mailboxes.conf import MailHost
from mailboxes.domain_dns.lookups import ask_all, resolver
from mailboxes.domain_dns.records import (
    Record,
    addresses,
    check_clients,
    check_domain,
    check_host,
    client_questions,
    domain_questions,
    host_questions,
    pointer,
)
from mailboxes.models import Domain
from mailboxes.routing import Kind


def examine_domain(domain: Domain, host: MailHost, panel: str) -> list[Record]:
    """Ask the DNS twice: for the names, then for the addresses that they lead to.

    This takes about five seconds if no name server answers at all. Nobody signs in with addresses
    of a relayed domain, so mail programs look for nothing there.
    """
    name, using = domain.pk, resolver()
    is_local = domain.route.kind == Kind.LOCAL
    questions = [*host_questions(host), *domain_questions(name)]
    if is_local:
        questions += client_questions(name, host)
    answers = dict(ask_all(questions, using))
    answers |= ask_all((pointer(address) for address in addresses(host, answers)), using)
    found = [*check_domain(name, host, answers), *check_host(host, answers)]
    if is_local:
        found += check_clients(name, host, panel, answers)
    return found
