"""The canary: a mailbox that exists only while the doctor examines the mail host."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailboxes.actions.base import check_role
from mailboxes.actions.passwords import set_password
from mailboxes.actions.relaying import check_receives
from mailboxes.actions.rules import active_domain
from mailboxes.addresses import Address
from mailboxes.adoption.mark import new_folder
from mailboxes.audit.actors import Actor
from mailboxes.conf import mail_host
from mailboxes.models import Alias, LastLogin, Mailbox, Usage
from mailboxes.passwords.generate import generate_password

PREFIX = "mailadmin-check-"
ALIAS = "alias-"
NAME = re.compile(f"{PREFIX}({ALIAS})?[0-9a-f]{{12}}@")
MAX_AGE = timedelta(minutes=2)
"""No examination takes longer, so what is older was left by one that was killed."""


@contextmanager
def canary(actor: Actor, domain: str) -> Iterator[tuple[Mailbox, str]]:
    """Add a mailbox with a random name; yield it with its password, and remove it at the end.

    It isn't logged: nothing of it stays, and a host may be examined every few minutes.
    """
    check_role(actor, "doctor.examine")
    sweep()
    address = Address.parse(f"{PREFIX}{secrets.token_hex(6)}@{domain}")
    mailbox = Mailbox(
        username=str(address),
        local_part=address.local_part,
        domain_id=address.domain,
        maildir=new_folder(address),
    )
    password = generate_password()
    set_password(mailbox, password, mail_host().scheme)
    try:
        add(mailbox)
        yield mailbox, password
    finally:
        remove(Mailbox.objects.filter(pk=mailbox.pk))


@transaction.atomic(using="mail")
def add(mailbox: Mailbox) -> None:
    check_receives(active_domain(mailbox.domain_id))  # its alias would make a list of recipients
    mailbox.save(force_insert=True)
    for address in (mailbox.pk, alias_of(mailbox.pk)):
        Alias.objects.create(address=address, goto=mailbox.pk, domain_id=mailbox.domain_id)


def alias_of(address: str) -> str:
    """Return the other address of a canary, whose mail only an alias brings to it."""
    return address.replace(PREFIX, f"{PREFIX}{ALIAS}", 1)


def sweep() -> None:
    """Remove what an examination has left that was killed, and what Dovecot wrote after an end."""
    named = Mailbox.objects.filter(pk__startswith=PREFIX).values_list("pk", flat=True)
    canaries = Mailbox.objects.filter(pk__in=[name for name in named if NAME.match(name)])
    remove(canaries.filter(created__lt=timezone.now() - MAX_AGE))
    others = list(named.all())
    for model in (Usage, LastLogin):
        left = model._default_manager.filter(pk__startswith=PREFIX)
        left.exclude(pk__in=others).delete()


def remove(mailboxes: QuerySet) -> None:
    """Remove canaries with their aliases, and what Dovecot has noted of them."""
    names = list(mailboxes.values_list("pk", flat=True))
    with transaction.atomic(using="mail"):
        Alias.objects.filter(pk__in=[*names, *map(alias_of, names)]).delete()
        Mailbox.objects.filter(pk__in=names).delete()
    for model in (Usage, LastLogin):
        model._default_manager.filter(pk__in=names).delete()
