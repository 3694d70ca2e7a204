"""Creating, changing and deleting domains."""

from typing import Any

from django.db import transaction

from mailboxes import foreign_rows
from mailboxes.access import self_service
from mailboxes.access.grants import forget_domain
from mailboxes.actions import rules
from mailboxes.actions.base import (
    authorize,
    changed_values,
    inserting,
    new_values,
    performing,
    removed,
    save_columns,
    subject_of,
)
from mailboxes.actions.shown_values import COLUMNS, ShownValues, check_unchanged
from mailboxes.addresses import DomainName
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, log_change
from mailboxes.conf import mail_host
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox

DOMAIN_EXISTS = gettext_noop("The domain %(name)s already exists.")
OWN_HOSTNAME = gettext_noop(
    "%(name)s is the mail host's own name (MAIL_HOSTNAME). Postfix delivers its mail to local "
    "users, so it can't contain mailboxes. Use the parent domain instead."
)
EDITABLE_COLUMNS = COLUMNS[Domain]


def create_domain(actor: Actor, name: DomainName, **columns: Any) -> Domain:
    """Add a domain; refuse a name that is taken or is the mail host's own."""
    domain = Domain(domain=str(name), **columns)
    params = {"name": str(name)}
    with performing(
        actor, "domain.create", subject_of(domain, new_values(domain, *EDITABLE_COLUMNS))
    ):
        rules.check_columns(domain)
        if str(name) == mail_host().hostname:
            raise Refused(OWN_HOSTNAME, params, code="own_hostname", field="domain")
        if Domain.objects.filter(pk=str(name)).exists():
            raise Refused(DOMAIN_EXISTS, params, code="taken", field="domain")
        forget_domain(str(name))  # the administrators of a former domain have no right to this one
        with inserting(DOMAIN_EXISTS, params, "domain"):
            domain.save(force_insert=True)
    return domain


def change_domain(actor: Actor, domain: Domain, shown: ShownValues | None = None) -> None:
    """Save everything about a domain except its name."""
    changes = changed_values(domain, *EDITABLE_COLUMNS)
    with (
        performing(actor, "domain.change", subject_of(domain, changes)),
        transaction.atomic(using="mail"),
    ):
        check_unchanged(domain, shown)
        save_columns(domain, *EDITABLE_COLUMNS)


@transaction.atomic(using="default")
def set_self_service(actor: Actor, domain: Domain, active: bool) -> None:
    """Allow or forbid the owners in a domain to change their passwords."""
    authorize(actor, "domain.change", domain.pk)
    if self_service.is_open(domain.pk) != active:
        self_service.set_open(domain.pk, active)
        changes: Changes = {"self_service": [not active, active]}
        log_change(actor, "domain.change", subject_of(domain, changes))


def delete_domain(actor: Actor, domain: Domain) -> None:
    """Delete the domain, what is in it, and its row as an alias domain."""
    changes = removed(foreign_rows.count_in(domain.pk))
    with performing(actor, "domain.delete", subject_of(domain, changes)):
        remove_domain(domain)


@transaction.atomic(using="mail")
def remove_domain(domain: Domain) -> None:
    if not rules.lock_domains(domain.pk):
        raise Refused(rules.DELETED, {"row": str(domain)}, code="deleted")
    rules.check_deletion(domain)
    AliasDomain.objects.filter(pk=domain.pk).delete()
    Mailbox.objects.filter(domain=domain.pk).delete()
    Alias.objects.filter(domain=domain.pk).delete()
    Domain.objects.filter(pk=domain.pk).delete()
    foreign_rows.delete_in(domain.pk)
    forget_domain(domain.pk)
