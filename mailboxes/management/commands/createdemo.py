"""manage.py createdemo"""

import time
from datetime import UTC, date, timedelta
from typing import Any

from django.utils import timezone

from mailboxes import actions
from mailboxes.addresses import Address, DomainName
from mailboxes.figures.models import DailyFigures
from mailboxes.management.base import MailCommand
from mailboxes.models import Domain, LastLogin, Mailbox, Usage
from mailboxes.passwords.generate import generate_password
from mailboxes.sizes import UNITS

GIB = UNITS["G"]
DOMAINS = {
    "example.org": "A club, with most of the mailboxes",
    "example.net": "A shop",
    "example.com": "Another name for example.org",
}
PEOPLE = {
    "anna@example.org": ("Anna Berg", 2 * GIB),
    "bob@example.org": ("Bob Castle", GIB),
    "chris@example.org": ("Chris Dale", GIB),
    "dora@example.org": ("Dora Ebner", 5 * GIB),
    "emil@example.org": ("Emil Frost", GIB),
    "fatima@example.org": ("Fatima Gül", 2 * GIB),
    "georg@example.org": ("Georg Hürlimann", GIB),
    "hanna@example.org": ("Hanna Iversen", GIB),
    "ida.von.der.langen.bruecke@example.org": ("Ida von der Langen Brücke", 10 * GIB),
    "jonas@example.org": ("Jonas Keller", GIB // 2),
    "office@example.org": ("Office", 0),
    "backup@example.org": ("Backup reports", GIB // 4),
    "karl@example.net": ("Karl Lindt", GIB),
    "lena@example.net": ("Lena Marsh", 2 * GIB),
    "mia@example.net": ("Mia Novak", GIB),
    "orders@example.net": ("Orders", 10 * GIB),
    "returns@example.net": ("Returns", 5 * GIB),
    "trainee@example.net": ("Trainee, left in March", GIB),
}
ALIASES = {
    "info@example.org": ("anna@example.org", "bob@example.org"),
    "jobs@example.org": ("dora@example.org",),
    "board@example.org": (
        "anna@example.org",
        "chris@example.org",
        "dora@example.org",
        "emil@example.org",
        "treasurer@example.edu",
    ),
    "postmaster@example.net": ("lena@example.net",),
}
USED = (0.37, 0.22, 0.94, 0.49, 0.44, 0.55, 0.08, 1.0, 0.71, 0.12)
"""How much of its quota each mailbox uses, repeated."""

PAST_DAYS = 90
DISABLED = ("trainee@example.net", "jonas@example.org")


class Command(MailCommand):
    help = (
        "Create the demo domains example.org, example.net and example.com with mailboxes and "
        "aliases, unless they exist. Each mailbox gets its own password, which is shown only once."
    )

    def handle(self, *args: object, **options: Any) -> None:
        new = [name for name in DOMAINS if not Domain.objects.filter(pk=name).exists()]
        for name in new:
            self.create(name)
            if name == "example.com":
                actions.create_alias_domain(self.actor, name, "example.org")
            self.retry_hint = MailCommand.retry_hint
        if new:
            actions.count_figures()
            invent_past(timezone.now().astimezone(UTC).date())

    def create(self, name: str) -> None:
        actions.create_domain(
            self.actor, DomainName.parse(name), description=DOMAINS[name], mailboxes=25
        )
        self.stdout.write(f"Created the domain {name}.")
        self.retry_hint = (
            f"The domain {name} is incomplete. Correct this, delete the domain in the panel, then "
            "run the command again."
        )
        for text, (person, quota) in PEOPLE.items():
            address, password = Address.parse(text), generate_password()
            if address.domain != name:
                continue
            actions.create_mailbox(self.actor, address, password, name=person, quota=quota)
            self.stdout.write(f"  {address}  {password}")
        self.record_usage(name)
        for text, targets in ALIASES.items():
            address = Address.parse(text)
            if address.domain == name:
                actions.create_alias(self.actor, address, targets)
        for mailbox in Mailbox.objects.filter(pk__in=DISABLED, domain=name):
            actions.set_active(self.actor, mailbox, False)

    def record_usage(self, name: str) -> None:
        """Record usage and sign-ins as Dovecot would."""
        now = int(time.time())
        for number, mailbox in enumerate(Mailbox.objects.filter(domain=name)):
            used = int(USED[number % len(USED)] * (mailbox.quota or GIB))
            usage = {"bytes": used, "messages": used // 60_000}
            Usage.objects.update_or_create(usage, username=mailbox.pk)
            if number % 6 != 5:
                login = {"domain": name, "last_login": now - number**3 * 5_000}
                LastLogin.objects.update_or_create(login, username=mailbox.pk)


def invent_past(today: date) -> None:
    """Add figures of the days before, as if the demo had grown for some months."""
    days = [today - timedelta(days=count) for count in range(1, PAST_DAYS)]
    known = set(DailyFigures.objects.exclude(mailboxes=None).values_list("domain", "day"))
    rows = []
    for now in DailyFigures.objects.filter(day=today):
        for age, day in enumerate(days, start=1):
            if (now.domain, day) in known:
                continue
            share = 1 - (age / PAST_DAYS) ** 1.5 * 0.6
            row = DailyFigures(day=day, domain=now.domain, forms=now.forms)
            row.mailboxes = round((now.mailboxes or 0) * share)
            row.bytes = None if now.bytes is None else round(now.bytes * share)
            row.changes = age * 7 % 5 if day.weekday() < 5 else 0
            if not now.domain:
                row.sign_ins, row.refused = 2 + age * 3 % 7, (age * 5 % 11) // 8
            rows.append(row)
    DailyFigures.objects.filter(day__in=days, mailboxes=None).delete()
    DailyFigures.objects.bulk_create(rows)
