"""Creating, changing and deleting administrators: in the panel's own database, with their log.

Only superusers have these actions, and so the highest rank.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from mailboxes.access import self_service
from mailboxes.access.grants import domains_of, role_of
from mailboxes.access.models import Grant, GrantedDomain
from mailboxes.access.roles import IN_DOMAINS, Role
from mailboxes.accounts import AccountKind
from mailboxes.actions.base import check_role
from mailboxes.actions.passwords import SAME_PASSWORD
from mailboxes.actions.rules import DELETED
from mailboxes.actions.shown_values import CHANGED, ShownValues, digest
from mailboxes.audit.actors import ADMINISTRATOR, Actor
from mailboxes.audit.log import Changes, begin, end_refused, log_change, subject
from mailboxes.errors import Refused, gettext_noop
from mailboxes.models import Domain
from mailboxes.passwords.strength import check_strength

COLUMNS = ("username", "first_name", "last_name", "email", "is_active")
ADMINISTRATOR_EXISTS = gettext_noop(
    "An administrator called %(name)s already exists. Choose another name."
)
NO_DOMAINS = gettext_noop("Enter the domains of this role, or select all domains.")
UNKNOWN_DOMAIN = gettext_noop("The domain %(domain)s doesn't exist here.")
YOURSELF = gettext_noop(
    "You can't delete or disable your own account, or change your own role. Ask another superuser."
)
LAST_SUPERUSER = gettext_noop("%(name)s is the only superuser. Add another one first.")


@dataclass(frozen=True)
class RoleAssignment:
    """What is granted to an administrator; `domains` count only for roles that have domains."""

    role: str
    all_domains: bool = False
    domains: Sequence[str] = ()

    @classmethod
    def of(cls, user: User) -> "RoleAssignment":
        role, domains = role_of(user), domains_of(user)
        return cls(role, role in IN_DOMAINS and domains is None, tuple(domains or ()))


def create_administrator(
    actor: Actor, user: User, password: str, assignment: RoleAssignment, is_temporary: bool = False
) -> None:
    """Save a new administrator with a role; a temporary password is replaced at the first visit."""
    with refusals_logged(actor, "create", user):
        check_role(actor, "administrator.create")
        set_password(user, password)
        add_administrator(actor, user, assignment, is_temporary)


def add_administrator(
    actor: Actor, user: User, assignment: RoleAssignment, is_temporary: bool = False
) -> None:
    """Save one whose password has been hashed."""
    changes: Changes = {column: [None, getattr(user, column)] for column in COLUMNS}
    changes |= assignment_changes(None, assignment)
    with saving(user):
        save_assignment(user, assignment)
        self_service.set_demand(AccountKind.ADMINISTRATOR, user.username, is_temporary)
        log(actor, "create", user, changes)


def change_administrator(
    actor: Actor, user: User, assignment: RoleAssignment, shown: ShownValues | None = None
) -> None:
    """Save names, state and role; sessions under another role end."""
    with refusals_logged(actor, "change", user), saving(user):
        check_role(actor, "administrator.change")
        stored = locked(user)
        check_unchanged(stored, shown)
        before = RoleAssignment.of(stored)
        is_self = actor.kind == ADMINISTRATOR and actor.name == stored.username
        if is_self and (before != assignment or user.is_active != stored.is_active):
            raise Refused(YOURSELF, code="self")
        if assignment.role != Role.SUPERUSER or not user.is_active:
            keep_a_superuser(stored)
        changes: Changes = {
            column: [getattr(stored, column), getattr(user, column)]
            for column in COLUMNS
            if getattr(stored, column) != getattr(user, column)
        }
        changes |= assignment_changes(before, assignment)
        save_assignment(user, assignment)
        if not user.is_active:
            end_sessions(user)
        rename_demand(stored.username, user.username)
        if changes:
            log(actor, "change", stored, changes)


def end_sessions(user: User) -> None:
    """End them for good: to Django, they would be valid again as soon as the user is active."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            session.delete()


def rename_demand(before: str, after: str) -> None:
    """Keep a password temporary under another name."""
    if before != after:
        is_demanded = self_service.is_demanded(AccountKind.ADMINISTRATOR, before)
        self_service.set_demand(AccountKind.ADMINISTRATOR, before, False)
        self_service.set_demand(AccountKind.ADMINISTRATOR, after, is_demanded)


def set_administrator_password(
    actor: Actor, user: User, password: str, is_temporary: bool = False
) -> None:
    """Set a new password, which ends the administrator's sessions; everyone may set their own."""
    with refusals_logged(actor, "password", user):
        if not (actor.kind == ADMINISTRATOR and actor.name == user.username):
            check_role(actor, "administrator.password")
        elif user.check_password(password):
            raise Refused(SAME_PASSWORD, code="same", field="password")
        set_password(user, password)
        with saving(user):
            locked(user)
            user.save(update_fields=["password"])
            self_service.set_demand(AccountKind.ADMINISTRATOR, user.username, is_temporary)
            log(actor, "password", user, {"password": []})


def set_password(user: User, password: str) -> None:
    """Check and hash the password of an administrator who is about to be saved.

    Never call it in a transaction: others can't write to SQLite while it is being hashed.
    """
    check_strength(password, [user.username, user.first_name, user.last_name, user.email])
    user.set_password(password)


def delete_administrator(actor: Actor, user: User) -> None:
    """Delete an administrator; the log keeps the name."""
    with refusals_logged(actor, "delete", user), saving(user):
        check_role(actor, "administrator.delete")
        if actor.kind == ADMINISTRATOR and actor.name == user.username:
            raise Refused(YOURSELF, code="self")
        keep_a_superuser(locked(user))
        log(actor, "delete", user, {})
        self_service.set_demand(AccountKind.ADMINISTRATOR, user.username, False)
        user.delete()


@contextmanager
def refusals_logged(actor: Actor, verb: str, user: User) -> Iterator[None]:
    """Log a refusal; the transaction in which it was raised has been rolled back by then."""
    try:
        yield
    except Refused as error:
        row = subject(ADMINISTRATOR, user.get_username())
        end_refused(begin(actor, f"administrator.{verb}", [row]), error)
        raise


@contextmanager
def saving(user: User) -> Iterator[None]:
    """Save an administrator in one transaction; refuse a name that somebody else has just taken."""
    try:
        with transaction.atomic(using="default"):
            yield
    except IntegrityError as error:
        params = {"name": user.get_username()}
        raise Refused(ADMINISTRATOR_EXISTS, params, code="taken", field="username") from error


def locked(user: User) -> User:
    """Return the administrator as stored, with the row locked until the transaction ends.

    Those of all superusers are locked as well, in the order of their keys: two who take each
    other's rank away wait for each other's row otherwise, and the database breaks one of them off.
    """
    superusers = Q(is_superuser=True, is_active=True)
    rows = User.objects.select_for_update().filter(Q(pk=user.pk) | superusers).order_by("pk")
    stored = {row.pk: row for row in rows}.get(user.pk)
    if stored is None:
        raise Refused(DELETED, {"row": user.get_username()}, code="deleted")
    return stored


def values_to_show(user: User) -> ShownValues:
    """Return what a form has shown of an administrator; of the password, its digest."""
    assignment = {**vars(RoleAssignment.of(user)), "domains": list(RoleAssignment.of(user).domains)}
    names = {column: getattr(user, column) for column in COLUMNS}
    return {**names, **assignment, "password": digest(user.password)}


def check_unchanged(stored: User, shown: ShownValues | None) -> None:
    """Refuse to overwrite anything but what was shown; None overwrites everything."""
    values = values_to_show(stored)
    if shown is not None and {name: values[name] for name in shown} != shown:
        raise Refused(CHANGED, {"row": stored.get_username()}, code="changed")


def keep_a_superuser(user: User) -> None:
    """Refuse to take the last superuser away; all of them are locked."""
    superusers = User.objects.filter(is_superuser=True, is_active=True)
    if list(superusers.order_by("pk").values_list("pk", flat=True)) == [user.pk]:
        raise Refused(LAST_SUPERUSER, {"name": user.get_username()}, code="last_superuser")


def save_assignment(user: User, assignment: RoleAssignment) -> None:
    names = check_domains(assignment)
    user.is_superuser = assignment.role == Role.SUPERUSER
    user.is_staff = bool(assignment.role)
    user.save()
    Grant.objects.filter(user=user).delete()
    if not user.is_superuser:
        is_for_all = assignment.all_domains and assignment.role in IN_DOMAINS
        grant = Grant.objects.create(user=user, role=assignment.role, all_domains=is_for_all)
        rows = [GrantedDomain(grant=grant, domain=name) for name in names]
        GrantedDomain.objects.bulk_create(rows)


def check_domains(assignment: RoleAssignment) -> list[str]:
    """Return the domains to grant; refuse a role without any, and names that don't exist."""
    if assignment.role not in IN_DOMAINS or assignment.all_domains:
        return []
    names = sorted({name.lower() for name in assignment.domains})
    if not names:
        raise Refused(NO_DOMAINS, code="required", field="domains")
    known = {
        name.lower() for name in Domain.objects.filter(pk__in=names).values_list("pk", flat=True)
    }
    for name in names:
        if name not in known:
            raise Refused(UNKNOWN_DOMAIN, {"domain": name}, code="no_domain", field="domains")
    return names


def assignment_changes(before: RoleAssignment | None, after: RoleAssignment) -> Changes:
    found: dict[str, list[Any]] = {}
    for column in fields(RoleAssignment):
        old = getattr(before, column.name) if before else None
        new = getattr(after, column.name)
        if old != new and (before or new):
            found[column.name] = [list(v) if isinstance(v, tuple | list) else v for v in (old, new)]
    return found


def log(actor: Actor, verb: str, user: User, changes: Changes) -> None:
    row = subject(ADMINISTRATOR, user.get_username(), "", changes)
    log_change(actor, f"administrator.{verb}", row)
