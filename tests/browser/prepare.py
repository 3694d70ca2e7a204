"""Creates the databases of a panel for the browser: python -m tests.browser.prepare KIND

They are created where the environment says. Each kind has the superuser `rita`.
"""

import sys

import django

django.setup()

from allauth.mfa.totp.internal.auth import TOTP  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from mailboxes import actions  # noqa: E402
from mailboxes.access.scope import EVERYTHING  # noqa: E402
from mailboxes.addresses import Address, DomainName  # noqa: E402
from mailboxes.audit.actors import COMMAND, Actor  # noqa: E402
from mailboxes.deployment.models import LastExamination  # noqa: E402
from mailboxes.doctor import finding  # noqa: E402
from mailboxes.doctor.finding import Hop, HopResult  # noqa: E402
from mailboxes.doctor.remedies import restart  # noqa: E402
from mailboxes.doctor.report import as_values  # noqa: E402
from mailboxes.models import Domain, Mailbox, Usage  # noqa: E402
from tests.browser.pages import ADMIN_PASSWORD, PASSWORD, SECRET, VERAS  # noqa: E402

TESTER = Actor(COMMAND, "tester", "pytest", EVERYTHING)


def empty() -> None:
    call_command("migrate", verbosity=0)
    call_command("migrate", database="mail", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    User.objects.create_superuser("rita", password=ADMIN_PASSWORD)


def small() -> None:
    """One domain and four mailboxes; a test leaves another password only to Olga."""
    actions.create_domain(TESTER, DomainName.parse("example.org"))
    for name in ("anna", "bob", "carl", "olga"):
        actions.create_mailbox(TESTER, Address(name, "example.org"), PASSWORD)


def demo() -> None:
    """Demo data, Otto, of the helpdesk, Vera, with an authenticator app."""
    call_command("createdemo", verbosity=0)
    otto, assignment = (
        User(username="otto"),
        actions.RoleAssignment("helpdesk", False, ["example.org"]),
    )
    actions.create_administrator(TESTER, otto, PASSWORD, assignment)
    hashed = make_password(PASSWORD)
    for name in ("vera", *(next(VERAS) for _ in range(30))):
        vera = User(username=name, password=hashed, is_staff=True, is_superuser=True)
        vera.save()
        TOTP.activate(vera, SECRET)
    remember_examination()


def remember_examination() -> None:
    """Store that the doctor has found something broken."""
    remedy = restart("Start it:", "saslauthd")
    stopped = finding.broken("saslauthd.stopped", "saslauthd isn't running.", remedy)
    elsewhere = finding.not_checked("ports", "It isn't on this machine.")
    results = [
        HopResult(Hop("database", "Database"), [finding.working("database", "It can be read.")], 3),
        HopResult(Hop("saslauthd", "saslauthd"), [stopped], 1),
        HopResult(Hop("ports", "Ports"), [elsewhere]),
    ]
    found = LastExamination(machine="mail.example.test", verdict="broken", hops=as_values(results))
    actions.remember_examination(TESTER, found, by_timer=True)


def many() -> None:
    """More domains than a list shows, and three pages of mailboxes; some can't sign in."""
    domains = [Domain(domain=f"d{number:02}.example.org", maxquota=1049) for number in range(60)]
    Domain.objects.bulk_create(domains)
    names = [f"box{number:03}" for number in range(120)]
    Mailbox.objects.bulk_create(
        Mailbox(
            username=f"{name}@d00.example.org",
            name=f"The box {name}",
            local_part=name,
            domain=domains[0],
            quota=2**30,
            password="{CRAM-MD5}" + "0" * 64 if number % 4 else "0" * 32,
        )
        for number, name in enumerate(names)
    )
    Usage.objects.bulk_create(
        Usage(username=f"{name}@d00.example.org", bytes=number * 2**23, messages=number)
        for number, name in enumerate(names)
    )


def broken() -> None:
    """A panel whose own tables are damaged."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE auth_user")


KINDS = {kind.__name__: kind for kind in (empty, small, demo, many, broken)}

if __name__ == "__main__":
    KINDS[sys.argv[1]]()
