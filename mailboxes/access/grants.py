"""Reading the role of an administrator, which is asked for at each request."""

import hashlib
from typing import Any

from django.contrib.auth.models import User

from mailboxes.access.models import Grant, GrantedDomain
from mailboxes.access.roles import IN_DOMAINS, Role
from mailboxes.access.scope import EVERYTHING, NOTHING, Scope
from mailboxes.access.self_service import forget_mailboxes, is_open, rename_mailboxes, set_open


def role_of(user: User) -> str:
    """Return the role, or an empty string."""
    if user.is_superuser:
        return Role.SUPERUSER.value
    grant: Grant | None = getattr(user, "grant", None)
    return grant.role if grant else ""


def domains_of(user: User) -> list[str] | None:
    """Return the domains in which the role is granted, in order; None for all."""
    grant: Grant | None = getattr(user, "grant", None)
    if user.is_superuser or (grant and (grant.all_domains or grant.role not in IN_DOMAINS)):
        return None
    return sorted(row.domain for row in grant.domains.all()) if grant else []


def scope_of(user: Any) -> Scope:
    """Return what the signed-in administrator may do; it is read once for each request."""
    if not user.is_active or not user.is_authenticated:
        return NOTHING
    if user.is_superuser:
        return EVERYTHING
    if not hasattr(user, "_scope"):
        user._scope = Scope.of_role(role_of(user), domains_of(user))
    scope: Scope = user._scope
    return scope


def assignment_digest(user: User) -> str:
    """Return a text for the session that differs after each change of role or domains."""
    domains = scope_of(user).domains
    assignment = (role_of(user), None if domains is None else sorted(domains))
    return hashlib.sha256(repr(assignment).encode()).hexdigest()[:16]


def forget_domain(name: str) -> None:
    """Take a domain from all administrators, with its rules: a new one may be somebody else's."""
    GrantedDomain.objects.filter(domain=name.lower()).delete()
    set_open(name, True)
    forget_mailboxes(name)


def rename_domain_of_grants(old: str, new: str, keeps_old: bool) -> None:
    """Give the administrators of a domain the same role under its new name, with its rules."""
    forget_domain(new)
    holders = GrantedDomain.objects.filter(domain=old.lower()).values_list("grant", flat=True)
    GrantedDomain.objects.bulk_create(
        GrantedDomain(grant_id=grant, domain=new) for grant in list(holders)
    )
    set_open(new, is_open(old))
    rename_mailboxes(old, new)
    if not keeps_old:
        forget_domain(old)
