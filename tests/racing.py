"""Actions at the same time over many connections; test_races.py runs this in a machine.

Prints what each round has left behind, and nothing if every round was consistent.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connections  # noqa: E402
from django.db.models import Exists, OuterRef  # noqa: E402

from mailboxes import actions  # noqa: E402
from mailboxes.access.scope import EVERYTHING  # noqa: E402
from mailboxes.actions.imports.outcomes import ImportOptions  # noqa: E402
from mailboxes.actions.imports.rows import AliasRow  # noqa: E402
from mailboxes.actions.interrupted import settle_open_entries  # noqa: E402
from mailboxes.actions.shown_values import values_to_show  # noqa: E402
from mailboxes.addresses import Address, DomainName  # noqa: E402
from mailboxes.audit import chain  # noqa: E402
from mailboxes.audit.actors import ADMINISTRATOR, COMMAND, Actor  # noqa: E402
from mailboxes.audit.models import OpenEntry  # noqa: E402
from mailboxes.errors import Refused  # noqa: E402
from mailboxes.forwarding.findings import check  # noqa: E402
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox  # noqa: E402

TESTER = Actor(COMMAND, "tester", scope=EVERYTHING)
PASSWORD = "four unrelated words"
CREATORS, MAILBOXES = 6, 4


def at_once(jobs: Sequence[Callable[[], object]]) -> list[Exception]:
    """Run each job in a thread with its own connections; return what they failed with."""
    barrier = threading.Barrier(len(jobs))
    failures: list[Exception] = []

    def run(job: Callable[[], object]) -> None:
        try:
            connections["default"].ensure_connection()
            connections["mail"].ensure_connection()
            barrier.wait()
            job()
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def create_domain(name: str) -> Domain:
    return actions.create_domain(TESTER, DomainName.parse(name))


def create_mailbox(address: str) -> None:
    actions.create_mailbox(TESTER, Address.parse(address), PASSWORD)


def create_mailboxes(domain: str, start: int) -> None:
    for number in range(start, start + MAILBOXES):
        create_mailbox(f"m{number}@{domain}")


def orphans(number: int) -> Iterator[str]:
    """Delete a domain while others create mailboxes and an alias domain in it."""
    name, other = f"d{number}.example", f"o{number}.example"
    domain = create_domain(name)
    create_domain(other)
    create_mailbox(f"first@{name}")
    failures = at_once(
        [
            lambda: actions.delete_domain(TESTER, domain),
            lambda: actions.create_alias_domain(TESTER, other, name),
            *(
                partial(create_mailboxes, name, start)
                for start in range(0, CREATORS * MAILBOXES, MAILBOXES)
            ),
        ]
    )
    yield from (repr(error) for error in failures if not isinstance(error, Refused))
    home = Exists(Domain.objects.filter(pk=OuterRef("domain")))
    target = Exists(Domain.objects.filter(pk=OuterRef("target_domain")))
    for rows in (Mailbox.objects.exclude(home), Alias.objects.exclude(home)):
        yield from (f"orphan {row!r}" for row in rows)
        rows.delete()
    yield from (f"orphan {row!r}" for row in AliasDomain.objects.exclude(target))


def loops(number: int) -> Iterator[str]:
    """Let domains forward to each other in a circle."""
    names = [f"{letter}{number}.example" for letter in "abcdefgh"]
    for name in names:
        create_domain(name)
    failures = at_once(
        [
            partial(actions.create_alias_domain, TESTER, *pair)
            for pair in zip(names, names[1:] + names[:1], strict=True)
        ]
    )
    yield from (repr(error) for error in failures if not isinstance(error, Refused))
    targets = AliasDomain.objects.values("target_domain")
    yield from (f"chain at {row!r}" for row in AliasDomain.objects.filter(pk__in=targets))
    AliasDomain.objects.all().delete()


def forwarding(number: int) -> Iterator[str]:
    """Let addresses in different domains forward to each other in a circle, also as domains.

    Imports do so, too: two in domains that exist, and two that add theirs.
    """
    names, both, new = (
        [f"{letter}{number}.example" for letter in letters] for letters in ("pqrstu", "xy", "vw")
    )
    for name in names + both:
        create_domain(name)
    steps = zip(names, names[1:] + names[:1], strict=True)
    forward: list[Callable[[], object]] = [
        partial(actions.create_alias, TESTER, Address.parse(f"a@{name}"), [f"a@{other}"])
        for name, other in steps
    ]
    forward[3] = partial(actions.create_alias_domain, TESTER, names[3], names[4])
    for pair in (both, new):
        forward += [partial(forward_by_import, *pair), partial(forward_by_import, *reversed(pair))]
    failures = at_once(forward)
    yield from (repr(error) for error in failures if not isinstance(error, Refused))
    yield from (f"loop at {found.alias}" for found in check(Alias.objects.all()) if found.loop)
    AliasDomain.objects.all().delete()
    Alias.objects.all().delete()


def forward_by_import(name: str, other: str) -> None:
    row = AliasRow("line 1", f"a@{name}", (f"a@{other}",))
    actions.import_rows(TESTER, [row], ImportOptions(creates_domains=True))


def addresses(number: int) -> Iterator[str]:
    """Create, change and delete a mailbox and an alias of the same address."""
    name = f"s{number}.example"
    create_domain(name)
    address = Address.parse(f"anna@{name}")
    mailbox_job = partial(create_mailbox, str(address))
    alias_job = partial(actions.create_alias, TESTER, address, ["bob@elsewhere.example"])
    failures = at_once([mailbox_job, alias_job, mailbox_job, alias_job])
    yield from (repr(error) for error in failures if not isinstance(error, Refused))
    if len(failures) != 3:
        yield f"{4 - len(failures)} times {address}"
    mailbox = Mailbox.objects.filter(pk=str(address)).first()
    if mailbox:
        own = Alias.objects.filter(pk=mailbox.pk, goto=mailbox.pk)
        if not own.exists():
            yield f"{mailbox!r} without its alias"
        failures = at_once(
            [
                lambda: actions.set_active(TESTER, Mailbox.objects.get(pk=mailbox.pk), False),
                lambda: actions.change_mailbox(TESTER, Mailbox.objects.get(pk=mailbox.pk)),
                lambda: actions.delete_mailbox(TESTER, Mailbox.objects.get(pk=mailbox.pk)),
            ]
        )
        expected = (Refused, Mailbox.DoesNotExist)
        yield from (repr(error) for error in failures if not isinstance(error, expected))
        yield from (f"left {row!r}" for row in own)


def edits(number: int) -> Iterator[str]:
    """Save forms of the same rows, all opened before the first one was saved."""
    domain = create_domain(f"e{number}.example")
    create_mailbox(f"anna@{domain}")
    address = Address.parse(f"all@{domain}")
    actions.create_alias(TESTER, address, ["bob@elsewhere.example"])
    jobs: list[Callable[[], object]] = []
    for active in (True, False, True, False):
        mailbox, alias = Mailbox.objects.get(domain=domain), Alias.objects.get(pk=str(address))
        row = Domain.objects.get(pk=domain.pk)
        shown = [values_to_show(one) for one in (mailbox, alias, row)]
        mailbox.name = row.description = f"saved as {active}"
        mailbox.active = alias.active = row.active = active
        targets = [f"{active}@elsewhere.example"]
        jobs += [
            partial(actions.change_mailbox, TESTER, mailbox, shown=shown[0]),
            partial(actions.change_alias, TESTER, alias, targets, shown=shown[1]),
            partial(actions.change_domain, TESTER, row, shown=shown[2]),
        ]
    failures = at_once(jobs)
    yield from (repr(error) for error in failures if not isinstance(error, Refused))
    if len(failures) != 9:
        yield f"{9 - len(failures)} of 9 forms have overwritten others"


def superusers(number: int) -> Iterator[str]:
    """Let superusers delete and demote each other."""
    User.objects.all().delete()
    names = [f"{letter}{number}" for letter in "abcd"]
    for name in names:
        User.objects.create_superuser(name)
    jobs: list[Callable[[], object]] = []
    for name, other in zip(names, names[1:] + names[:1], strict=True):
        actor = Actor(ADMINISTRATOR, name, scope=EVERYTHING)
        first, second = (User.objects.get(username=other) for _ in range(2))
        auditor = actions.RoleAssignment("auditor")
        jobs += [
            partial(actions.delete_administrator, actor, first),
            partial(actions.change_administrator, actor, second, auditor),
        ]
    failures = at_once(jobs)
    yield from (repr(error) for error in failures if not isinstance(error, Refused))
    if (left := User.objects.filter(is_superuser=True).count()) != 1:
        yield f"{left} superusers are left"


ROUNDS: dict[str, Callable[[int], Iterator[str]]] = {
    "orphans": orphans,
    "loops": loops,
    "forwarding": forwarding,
    "addresses": addresses,
    "edits": edits,
    "superusers": superusers,
}


def main(name: str, rounds: int) -> None:
    for number in range(rounds):
        for fault in ROUNDS[name](number):
            print(f"round {number}: {fault}")
    settle_open_entries()
    if broken := chain.verify():
        print(broken)
    print(*(f"open: {entry}\n" for entry in OpenEntry.objects.all()), sep="", end="")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
