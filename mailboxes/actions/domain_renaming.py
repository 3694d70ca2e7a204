"""Renaming a domain: its rows, its addresses and what forwards to them, in one transaction.

It isn't done in steps: mail to addresses that hadn't been renamed yet would be refused meanwhile.
"""

import sys
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, Length, Replace, Substr
from django.utils import timezone

from mailboxes import foreign_rows
from mailboxes.access.grants import rename_domain_of_grants
from mailboxes.actions import expansion, rules
from mailboxes.actions.base import check_role, performing, subject_of
from mailboxes.actions.domains import check_new_domain
from mailboxes.actions.renaming import FOLDER_NOT_LINKED, Moved, replace_domain
from mailboxes.actions.shown_values import ShownValues, check_unchanged
from mailboxes.addresses import MAX_ADDRESS, DomainName
from mailboxes.adoption.former_names import note_former_name
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, subject
from mailboxes.audit.models import Subject
from mailboxes.conf import mail_host
from mailboxes.domain_addresses import addresses_in, rows_in
from mailboxes.errors import Refused, gettext_noop
from mailboxes.lookup_tables.tables import are_kept
from mailboxes.lookup_tables.targets import aliases_forwarding_into, batched, crossing_into
from mailboxes.models import Alias, AliasDomain, Domain, Mailbox
from mailboxes.queries import capped_count, renamed, slices
from mailboxes.routing import DELIVERED

HAS_ROWS = gettext_noop(
    "There are rows with addresses in %(domain)s already, such as %(address)s. Delete them first, "
    "or enter another name."
)
TOO_LONG = gettext_noop(
    "%(address)s would be longer than %(limit)s characters in %(domain)s. Enter a shorter name."
)
ONLY_FOR_THIS_NAME = gettext_noop(
    "The password of %(name)s is stored as DIGEST-MD5, which contains the address, so it wouldn't "
    "fit the new one. Set a new password first, also for others like it."
)
FOLDERS_BY_ADDRESS = gettext_noop(
    "On this mail host, folders are named after whole addresses (MAIL_LOCATION), so a domain can't "
    "be renamed. Rename its mailboxes one by one."
)
AT_ONCE = 120
"""How many rows one statement renames: for each, triggers read up to 30 others."""

LIKE_BEFORE = {"aliases": -1, "mailboxes": -1}
"""The limits of a domain that is only kept as an alias domain: none of its own."""


@dataclass(frozen=True)
class DomainRenaming:
    """What renaming a domain changes."""

    domain: Domain
    name: str
    mailboxes: int
    aliases: int
    """The aliases in the domain, without the mailboxes' own."""

    alias_domains: tuple[str, ...]
    """Those that forward to it."""

    moved: Moved | None
    target: str
    """Where the old name forwards to, if it is kept."""


def plan_domain_renaming(domain: Domain, name: DomainName) -> DomainRenaming:
    """Count what renaming the domain changes."""
    mailboxes, aliases = (
        capped_count(rows_in(model, domain.pk), sys.maxsize).number for model in (Mailbox, Alias)
    )
    others = AliasDomain.objects.filter(target_domain=domain.pk).order_by("pk")
    own = AliasDomain.objects.filter(pk=domain.pk).first()
    return DomainRenaming(
        domain,
        str(name),
        mailboxes,
        max(aliases - mailboxes, 0),
        tuple(others.values_list("pk", flat=True)),
        moved_folder(domain.pk, str(name)) if mailboxes else None,
        own.target_domain if own else str(name),
    )


def moved_folder(old: str, new: str) -> Moved | None:
    """Return the domain's folder, if the configuration derives it from the name."""
    host = mail_host()
    parts = host.location.folder.split("/")
    if not host.location.folder:
        return None
    if "%u" in host.location.folder or parts.count("%d") != 1:
        raise Refused(FOLDERS_BY_ADDRESS, code="folders")
    before = "/".join([host.home, *parts[: parts.index("%d")]])
    return Moved(f"{before}/{old.lower()}", f"{before}/{new}")


def check_domain_renaming(
    actor: Actor, domain: Domain, name: DomainName, keeps_old: bool = True
) -> None:
    """Refuse what the action would refuse, before anyone is asked."""
    check_role(actor, "domain.rename")
    check_role(actor, "domain.create")
    check_new_name(domain, str(name))


def rename_domain(
    actor: Actor,
    domain: Domain,
    name: DomainName,
    keeps_old: bool = True,
    folder_is_linked: bool = False,
    shown: ShownValues | None = None,
) -> DomainRenaming:
    """Give a domain and all its addresses another name; the old one can stay as an alias domain."""
    plan = plan_domain_renaming(domain, name)
    with (
        performing(actor, "domain.rename", *subjects(plan, keeps_old), in_both=True),
        transaction.atomic(using="mail"),
    ):
        rules.lock_domains(domain.pk, plan.name, *plan.alias_domains)
        check_unchanged(domain, shown)
        check_domain_renaming(actor, domain, name)
        if plan.moved and not folder_is_linked:
            raise Refused(FOLDER_NOT_LINKED, code="not_linked", field="folder_is_linked")
        forwarding = aliases_forwarding_into(plan.name, Alias.objects.filter(active=True))
        try:
            with transaction.atomic(using="mail"):
                rename_rows(plan, keeps_old)
        except IntegrityError as error:
            params = {"address": f"@{plan.name}"}
            raise Refused(rules.ADDRESS_TAKEN, params, code="taken", field="domain") from error
        sources = [replace_domain(row.pk, domain.pk, plan.name) for row in forwarding]
        expansion.check_expansion(sources[: expansion.MAX_SOURCES], actor.scope, "domain")
        rename_in_panel(domain.pk, plan.name, keeps_old)
    return plan


def rename_in_panel(old: str, new: str, keeps_old: bool) -> None:
    """Rename what the panel's own database has, as with a mailbox."""
    rename_domain_of_grants(old, new, keeps_old)
    note_former_name(old, new)


def subjects(plan: DomainRenaming, keeps_old: bool) -> list[Subject]:
    """Return what the log says: both names, how many rows, and the alias domains."""
    old, new = plan.domain.pk, plan.name
    changes: Changes = {
        "domain": [old, new],
        "renamed_mailboxes": [None, plan.mailboxes],
        "renamed_aliases": [None, plan.aliases],
    }
    found = [subject_of(plan.domain, changes), subject("domain", new, new)]
    target: Changes = {"target_domain": [None, plan.target]}
    found += [subject("aliasdomain", old, old, target)] if keeps_old else []
    moved: Changes = {"target_domain": [old, new]}
    return found + [subject("aliasdomain", name, name, moved) for name in plan.alias_domains]


def check_new_name(domain: Domain, new: str) -> None:
    """Refuse a name that is taken, and addresses or passwords that don't fit it."""
    if not Domain.objects.filter(pk=domain.pk).exists():
        raise Refused(rules.DELETED, {"row": str(domain)}, code="deleted")
    check_new_domain(DomainName(new), domain.active)
    for model in (Mailbox, Alias):
        rows: QuerySet[Any] = model._default_manager.filter(domain=new)
        if row := rows.first():
            params = {"domain": new, "address": row.pk}
            raise Refused(HAS_ROWS, params, code="taken", field="domain")
        limit = MAX_ADDRESS - len(new) + len(domain.pk)
        long = Q(length__gt=limit, pk__iendswith=f"@{domain.pk}")
        if row := first_in(rows_in(model, domain.pk).alias(length=Length("pk")), long):
            params = {"domain": new, "address": row.pk, "limit": MAX_ADDRESS}
            raise Refused(TOO_LONG, params, code="too_long", field="domain")
    digests = Q(password__istartswith="{DIGEST-MD5")  # noqa: S106 # nosec B106
    if row := first_in(rows_in(Mailbox, domain.pk), digests):
        raise Refused(ONLY_FOR_THIS_NAME, {"name": row.pk}, code="password")


def first_in(rows: QuerySet[Any], condition: Q) -> Any:
    """Return the first row that meets a condition which no index serves."""
    found = (rows.filter(part).filter(condition).first() for part, _is_last in slices(rows))
    return next(filter(None, found), None)


def addresses_of(model: type[Model], domain: str) -> QuerySet[Any]:
    return model._default_manager.filter(domain=domain, pk__iendswith=f"@{domain}")


def rename_rows(plan: DomainRenaming, keeps_old: bool) -> None:
    """Rename the domain, its addresses, and what forwards to them, in the caller's transaction."""
    old, new, now = plan.domain.pk, plan.name, timezone.now()
    addresses = addresses_in(old)
    Domain.objects.filter(pk=old).update(domain=new, modified=now)
    AliasDomain.objects.filter(pk=old).update(alias_domain=new, modified=now)
    AliasDomain.objects.filter(target_domain=old).update(target_domain=new, modified=now)
    for model, key in ((Mailbox, "username"), (Alias, "address")):
        rows, values = model._default_manager.all(), {"domain": new, "modified": now}
        while keys := list(rows.filter(domain=old).values_list("pk", flat=True)[:AT_ONCE]):
            addresses_of(model, old).filter(pk__in=keys).update(
                **values, **{key: renamed(key, old, new)}
            )
            rows.filter(pk__in=keys).update(**values)  # the other program's odd ones
    rename_targets(old, new, addresses)
    foreign_rows.rename_in(old, new, addresses)
    if keeps_old:
        columns: dict[str, Any] = {"active": plan.domain.active, **LIKE_BEFORE}
        Domain.objects.create(domain=old.lower(), transport=DELIVERED, **columns)
        AliasDomain.objects.create(alias_domain=old.lower(), target_domain=plan.target)


def rename_targets(old: str, new: str, addresses: list[str]) -> None:
    """Rename the domain in all targets, in parts; also that of its old addresses in PostfixAdmin's
    vacation addresses.
    """
    every = rows_in(Alias, new) if are_kept() else Alias.objects.order_by("pk")
    for part, _is_last in slices(every):
        rename_targets_of(every.filter(part), old, new)
    for names in crossing_into(old, addresses) if are_kept() else ():
        rename_targets_of(Alias.objects.filter(pk__in=names), old, new)


def rename_targets_of(aliases: QuerySet[Alias], old: str, new: str) -> None:
    """Rename the domain in the targets of some aliases, in parts."""
    naming = aliases.filter(goto__icontains=f"@{old}")
    left = naming | aliases.filter(goto__icontains=f"#{old}@")
    for keys in batched(list(left.order_by().values_list("pk", flat=True)), AT_ONCE):
        rename_named_targets(Alias.objects.filter(pk__in=keys), old, new)


def rename_named_targets(aliases: QuerySet[Alias], old: str, new: str) -> None:
    """Rename the domain in aliases that name it; read targets that are written otherwise, too."""
    listed = Concat(F("goto"), Value(","), output_field=TextField())
    replaced = Replace(listed, Value(f"@{old},"), Value(f"@{new},"), output_field=TextField())
    goto = Substr(replaced, 1, Length(replaced) - 1, output_field=TextField())
    naming = aliases.filter(goto__icontains=f"@{old}")
    long = naming.alias(length=Length(goto)).filter(length__gt=rules.MAX_GOTO).first()
    if long:
        params = {"length": rules.MAX_GOTO + 1, "limit": rules.MAX_GOTO}
        raise Refused(rules.TOO_MANY_TARGETS, params, code="too_long", field="domain")
    naming.update(goto=goto, modified=timezone.now())
    for alias in aliases:
        targets = [replace_domain(target, old, new) for target in alias.goto.split(",")]
        if ",".join(targets) != alias.goto:
            Alias.objects.filter(pk=alias.pk).update(goto=",".join(targets))
