"""What may be done to the mail tables, each deed whole or not at all.

A deed raises Refused, and has then written nothing. PostfixAdmin's rules hold: a mailbox has an
alias to itself, quotas are bytes, limits are 0 for none and -1 for none allowed.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from mailboxes import limits, schemes, usage
from mailboxes.addresses import Address, CatchAll, DomainName
from mailboxes.conf import mail_host
from mailboxes.limits import Refused
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.words import translated


@contextmanager
def new_row(taken: str, field: str = "address") -> Iterator[None]:
    """Make rows in one transaction; refuse with this sentence if somebody else was quicker."""
    try:
        with transaction.atomic(using="mail"):
            yield
    except IntegrityError as error:
        raise Refused(taken, field) from error


def save(row: Domain | Mailbox | Alias | AliasDomain, *columns: str) -> None:
    """Save these columns alone, so that what others have changed meanwhile stays."""
    limits.check_columns(row, *columns)
    try:
        row.save(update_fields=[*columns, "modified"])
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # its children are other troubles
            raise
        raise Refused(
            _("%(row)s has been deleted meanwhile; nothing was changed.") % {"row": row}
        ) from error


def create_domain(name: DomainName, **columns: Any) -> Domain:
    """Add a domain; refuse a name that is taken or is the mail host's own."""
    domain = Domain(domain=str(name), **columns)
    limits.check_columns(domain)
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


def create_mailbox(
    address: Address, password: str, name: str = "", quota: int = 0, active: bool = True
) -> Mailbox:
    """Add a mailbox and the alias to itself that Postfix looks up; quota in bytes, 0 for none."""
    mailbox = Mailbox(
        username=str(address),
        local_part=address.local_part,
        domain_id=address.domain,
        maildir=f"{address.domain}/{address.local_part}/",
        name=name,
        quota=quota,
        active=active,
    )
    limits.check_columns(mailbox, "name", "quota")
    check_new_mailbox(address, quota)
    put_password(mailbox, password)
    with new_row(_("The address %(address)s is taken already.") % {"address": address}):
        check_new_mailbox(address, quota, lock=True)
        mailbox.save(force_insert=True)
        Alias.objects.create(
            address=str(address), goto=str(address), domain_id=address.domain, active=active
        )
    return mailbox


def check_new_mailbox(address: Address, quota: int, lock: bool = False) -> None:
    """Refuse a mailbox whose domain, address or quota the tables do not allow."""
    domain = limits.usable_domain(address.domain, lock)
    limits.check_free(str(address))
    limits.check_count(
        domain, domain.mailboxes, Mailbox.objects.filter(domain=domain.pk), _("mailboxes")
    )
    limits.check_quota(domain, quota)


@transaction.atomic(using="mail")
def change_mailbox(mailbox: Mailbox, password: str = "") -> None:
    """Save name, quota and state, the self-alias following; and a password if one is given."""
    check_changed_mailbox(mailbox, lock=True)
    save(mailbox, "name", "quota")
    set_active(mailbox, mailbox.active)
    if password:
        change_password(mailbox, password)


@transaction.atomic(using="mail")
def set_quota(mailbox: Mailbox, quota: int) -> None:
    """Give a mailbox another quota in bytes, 0 for none; refuse what its domain does not allow."""
    mailbox.quota = quota
    check_changed_mailbox(mailbox, lock=True)
    save(mailbox, "quota")


def check_changed_mailbox(mailbox: Mailbox, lock: bool = False) -> None:
    """Refuse a changed quota that the domain's limits do not allow; an old one may stay."""
    rows = Domain.objects.select_for_update() if lock else Domain.objects
    domain = rows.filter(pk=mailbox.domain_id).first()
    changed = Mailbox.objects.filter(pk=mailbox.pk).exclude(quota=mailbox.quota).exists()
    if domain and changed:
        limits.check_quota(domain, mailbox.quota, besides=mailbox.pk)


@transaction.atomic(using="mail")
def set_active(row: Domain | Mailbox | Alias | AliasDomain, active: bool) -> None:
    """Enable or disable a row; a mailbox takes its alias to itself with it."""
    if isinstance(row, Alias):
        limits.check_active(row, active)
    row.active = active
    save(row, "active")
    if isinstance(row, Mailbox):
        own = Alias.objects.filter(pk=row.pk).exclude(active=active)
        own.update(active=active, modified=timezone.now())


@transaction.atomic(using="mail")
def change_password(mailbox: Mailbox, password: str) -> None:
    """Set a new password in the host's scheme, whatever scheme the old one had."""
    put_password(mailbox, password)
    save(mailbox, "password", "password_expiry")


def put_password(mailbox: Mailbox, password: str) -> None:
    scheme = mail_host().scheme
    check_password(password, mailbox)
    mailbox.password = schemes.store(password, scheme.handler)
    days = Domain.objects.filter(pk=mailbox.domain_id).values_list("password_expiry").first()
    if days and days[0]:
        mailbox.password_expiry = timezone.now() + timedelta(days=days[0])


def check_password(password: str, mailbox: Mailbox) -> None:
    """Refuse a password that the daemons cannot take or that is too easy to guess."""
    try:
        schemes.check_password(password, mail_host().scheme.longest)
        validate_password(password, mailbox)  # type: ignore[arg-type]  # any row with names
    except schemes.BadPassword as error:
        raise Refused(translated(error), "password") from error
    except ValidationError as error:
        raise Refused(" ".join(error.messages), "password") from error


@transaction.atomic(using="mail")
def delete_mailbox(mailbox: Mailbox) -> None:
    """Delete the mailbox and its alias to itself; other aliases and the mail on disk stay."""
    Alias.objects.filter(pk=mailbox.pk).delete()
    usage.forget([mailbox.pk])
    Mailbox.objects.filter(pk=mailbox.pk).delete()


def find_by_password(address: str, password: str) -> Mailbox | None:
    """Return the active mailbox that this password opens.

    An unknown address, a wrong password and a disabled mailbox or domain give None, and each
    costs at least one check in the host's scheme. A row in another scheme costs its own check
    besides, which the caller has to hide.
    """
    handler = mail_host().scheme.handler
    mailbox = Mailbox.objects.filter(pk=address).first()
    fits = mailbox is not None and mailbox.check_password(password)
    if mailbox is None or not schemes.is_of(mailbox.password, handler):
        schemes.spend(handler, password)
    open_domain = Domain.objects.filter(pk=address.rpartition("@")[2], active=True).exists()
    return mailbox if mailbox and fits and mailbox.active and open_domain else None


def create_alias(address: Address | CatchAll, targets: Iterable[str], active: bool = True) -> Alias:
    """Add an alias that leads to the targets."""
    with new_row(_("The address %(address)s is taken already.") % {"address": address}):
        check_new_alias(address, targets, lock=True)
        return Alias.objects.create(
            address=str(address), goto=",".join(targets), domain_id=address.domain, active=active
        )


def check_new_alias(
    address: Address | CatchAll, targets: Iterable[str], lock: bool = False
) -> None:
    """Refuse an alias whose domain, address or targets the tables do not allow."""
    domain = limits.usable_domain(address.domain, lock)
    limits.check_free(str(address))
    limits.check_count(domain, domain.aliases, limits.plain_aliases(domain), _("aliases"))
    limits.check_targets(str(address), targets)


def change_alias(alias: Alias, targets: Iterable[str]) -> None:
    """Save where the alias leads and whether it is active."""
    check_changed_alias(alias, targets, alias.active)
    alias.goto = ",".join(targets)
    save(alias, "goto", "active")


def check_changed_alias(alias: Alias, targets: Iterable[str], active: bool) -> None:
    """Refuse targets that lead nowhere, and another state than its mailbox has."""
    limits.check_active(alias, active)
    limits.check_targets("" if alias.is_own else alias.pk, targets)


def delete_alias(alias: Alias) -> None:
    """Delete an alias; refuse the one by which a mailbox gets its mail."""
    if alias.is_own:
        raise Refused(
            _(
                "%(alias)s is the alias by which the mailbox of that name gets its mail. It "
                "goes with the mailbox; disable or delete that."
            )
            % {"alias": alias}
        )
    Alias.objects.filter(pk=alias.pk).delete()


def aliases_leading_to(address: str) -> list[Alias]:
    """Return the aliases with this target, the mailbox's own one left out."""
    found: QuerySet[Alias] = Alias.objects.filter(goto__icontains=address).exclude(pk=address)
    return [alias for alias in found if address in map(str.lower, alias.targets)]


def aliases_into(domain: str) -> list[Alias]:
    """Return the aliases of other domains that have a target in this one; it reads all aliases."""
    ending = f"@{domain}"
    found: QuerySet[Alias] = Alias.objects.filter(goto__icontains=ending).exclude(domain=domain)
    return [
        alias for alias in found if any(name.lower().endswith(ending) for name in alias.targets)
    ]


def create_alias_domain(name: str, target: str, active: bool = True) -> AliasDomain:
    """Let all addresses of one domain lead to the same addresses of another."""
    with new_row(_("%(name)s leads to another domain already.") % {"name": name}, "alias_domain"):
        limits.check_alias_domain(name, target)
        return AliasDomain.objects.create(alias_domain=name, target_domain=target, active=active)
