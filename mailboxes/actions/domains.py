"""Creating, changing and deleting domains."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from mailboxes import usage
from mailboxes.actions import rules
from mailboxes.actions.base import new_row, save
from mailboxes.addresses import DomainName
from mailboxes.conf import mail_host
from mailboxes.errors import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox


def create_domain(name: DomainName, **columns: Any) -> Domain:
    """Add a domain; refuse a name that is taken or is the mail host's own."""
    domain = Domain(domain=str(name), **columns)
    rules.check_columns(domain)
    with new_row(_("The domain %(name)s exists already.") % {"name": name}, "domain"):
        check_new_domain(name)
        domain.save(force_insert=True)
    return domain


def check_new_domain(name: DomainName) -> None:
    if Domain.objects.filter(pk=str(name)).exists():
        raise Refused(_("The domain %(name)s exists already.") % {"name": name}, "domain")
    if str(name) == mail_host().hostname:
        raise Refused(
            _(
                "%(name)s is the mail host's own name (MAIL_HOSTNAME). Postfix delivers it to "
                "local users, so it cannot hold mailboxes; use the domain without the host's "
                "part."
            )
            % {"name": name},
            "domain",
        )


def change_domain(domain: Domain) -> None:
    """Save all of a domain but its name."""
    save(domain, "description", "aliases", "mailboxes", "maxquota", "quota", "active")


@transaction.atomic(using="mail")
def delete_domain(domain: Domain) -> None:
    """Delete the domain with its mailboxes, its aliases and its place as an alias domain."""
    sources = AliasDomain.objects.filter(target_domain=domain.pk)
    if sources:
        raise Refused(
            _(
                "%(domain)s cannot be deleted: the alias domain %(sources)s leads to it. "
                "Delete that first."
            )
            % {"domain": domain, "sources": ", ".join(map(str, sources))},
            "domain",
        )
    AliasDomain.objects.filter(pk=domain.pk).delete()
    Alias.objects.filter(domain=domain.pk).delete()
    mailboxes = Mailbox.objects.filter(domain=domain.pk)
    usage.forget(list(mailboxes.values_list("pk", flat=True)))
    mailboxes.delete()
    Domain.objects.filter(pk=domain.pk).delete()
