"""What SQLite does for a request grows as little with the tables as the rows that MariaDB reads.

It counts the instructions of SQLite's virtual machine, which are the same wherever it runs.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from django.db import connections
from django.test import Client

from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from tests.every_request import every_request

SIZES = (300, 3000)
INSTRUCTIONS = 100
"""Of how many instructions SQLite calls back."""

DOMAINS = (
    *(f"large{number}.example" for number in range(10)),
    *("tiny002.example", "alias.example", "empty.example"),
)
WHOLE_DOMAINS = ("large1.example/delete/  confirmed", "large5.example/rename/")
"""What changes all rows of a domain, or the first 200 of them."""

OF_ONE_DOMAIN = "/admin/mailboxes/mailbox/?domain=large1.example"


def insert(first: int, last: int) -> None:
    """Add mailboxes to the domains, each with its own alias and another one."""
    names = [
        (f"box{number}", f"large{number % 10 if number % 3 else 1}.example")
        for number in range(first, last)
    ]
    rows = [
        Mailbox(local_part=local_part, username=f"{local_part}@{domain}", domain_id=domain)
        for local_part, domain in names
    ]
    for row in rows:
        row.password, row.maildir, row.name = "x", "m/", "Anna Koch"
    Mailbox.objects.bulk_create(rows, batch_size=400)
    aliases = [
        Alias(address=f"{more}{row.pk}", goto=row.pk, domain_id=row.domain_id)
        for row in rows
        for more in ("", "to.")
    ]
    Alias.objects.bulk_create(aliases, batch_size=400)


def instructions(pages: Iterable[tuple[str, Callable[[], object]]]) -> dict[str, int]:
    """Return how many hundreds of instructions each request takes."""
    calls: Counter[str] = Counter()
    found = {}
    for name, send in pages:
        before = calls.total()
        for alias in ("default", "mail"):
            handle = connections[alias].connection
            handle.set_progress_handler(partial(calls.update, [alias]), INSTRUCTIONS)
        send()
        for alias in ("default", "mail"):
            connections[alias].connection.set_progress_handler(None, 0)
        found[name] = calls.total() - before
    return found


def test_no_request_does_more_in_larger_tables(rita: Client) -> None:
    Domain.objects.bulk_create(Domain(domain=name) for name in DOMAINS)
    AliasDomain.objects.create(alias_domain="alias.example", target_domain="large7.example")
    insert(1, SIZES[0])
    pages = [
        (name, send)
        for name, send in every_request(rita)
        if "/mailboxes/" in name and not any(each in name for each in WHOLE_DOMAINS)
    ]
    pages.append((OF_ONE_DOMAIN, partial(rita.get, OF_ONE_DOMAIN)))
    instructions(pages)  # what is only done once
    few = instructions(pages)
    insert(*SIZES)
    many = instructions(pages)
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name] * 1.5 + 5} == {}
