"""Taking over PostfixAdmin's own administrators: its tables are only read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import ProgrammingError
from django.db.models import Model

from mailboxes.access.roles import Role
from mailboxes.actions.administrators import RoleAssignment, add_administrator, refusals_logged
from mailboxes.actions.base import check_role
from mailboxes.audit.actors import Actor
from mailboxes.errors import Refused, gettext_noop
from mailboxes.foreign_flags import is_true
from mailboxes.foreign_rows import permitted
from mailboxes.models import Domain, DomainAdministrator, OldAdministrator
from mailboxes.password_hashers import wrap

MAX_NAME = User._meta.get_field("username").max_length or 0
EXISTS = gettext_noop("This panel already has an administrator of that name.")
TOO_LONG = gettext_noop("The name has more than %(limit)s characters.")
NO_DOMAIN = gettext_noop("This administrator has no domain that exists here.")
NOT_READABLE = gettext_noop(
    "No administrator was added: the panel's account can't read the table “%(table)s”. On the "
    "database host, run: GRANT SELECT ON %(database)s.%(table)s TO %(account)s; Then undo the "
    "adoption, and confirm it again."
)
UNREADABLE = gettext_noop(
    "No administrator was added: the table “%(table)s” can't be read. The database says: "
    "%(reason)s. Repair it, then undo the adoption, and confirm it again."
)
NO_TABLE = gettext_noop("No administrator was added: the table “%(table)s” doesn't exist.")
NO_SUCH_TABLE = 1146
"""MariaDB's and MySQL's error."""


@dataclass(frozen=True)
class TakenOver:
    """What became of one of PostfixAdmin's administrators."""

    name: str
    assignment: RoleAssignment
    refusal: Refused | None = None
    missing_domains: tuple[str, ...] = ()
    has_password: bool = True
    is_active: bool = True


def take_over_administrators(actor: Actor) -> Iterator[TakenOver]:
    """Add each to the panel, with role and password, unless that isn't possible."""
    check_role(actor, "administrator.create")
    domains = {name.lower(): name for name in Domain.objects.values_list("pk", flat=True)}
    granted = granted_domains()
    with readable(OldAdministrator):
        found = list(OldAdministrator.objects.order_by("pk"))
    for old in found:
        yield take_over(actor, old, granted.get(old.username.lower(), []), domains)


@contextmanager
def readable(model: type[Model]) -> Iterator[None]:
    """Refuse if the table doesn't exist, or can't be read by the panel's account."""
    try:
        with permitted(model, NOT_READABLE, UNREADABLE):
            yield
    except ProgrammingError as error:
        if error.args[0] != NO_SUCH_TABLE:
            raise
        raise Refused(NO_TABLE, {"table": model._meta.db_table}, code="no_table") from error


def granted_domains() -> dict[str, list[str]]:
    """Return the names of the domains by the name of the administrator, all in lower case."""
    granted: dict[str, list[str]] = {}
    with readable(DomainAdministrator):
        rows = DomainAdministrator.objects.order_by("pk")
        for username, domain, active in rows.values_list("username", "pk", "active"):
            if is_true(active):
                granted.setdefault(username.lower(), []).append(domain.lower())
    return granted


def take_over(
    actor: Actor, old: OldAdministrator, granted: list[str], domains: dict[str, str]
) -> TakenOver:
    name = old.username.lower()
    assignment, missing = assignment_of(old, granted, domains)
    if refusal := find_refusal(name, assignment):
        return TakenOver(name, assignment, refusal, missing)
    user = User(username=name, password=wrap(old.password), is_active=is_true(old.active))
    if not (has_password := bool(user.password)):
        user.set_unusable_password()
    try:
        with refusals_logged(actor, "create", user):
            add_administrator(actor, user, assignment)
    except Refused as error:
        return TakenOver(name, assignment, error, missing)
    return TakenOver(name, assignment, None, missing, has_password, user.is_active)


def assignment_of(
    old: OldAdministrator, granted: list[str], known: dict[str, str]
) -> tuple[RoleAssignment, tuple[str, ...]]:
    """Return the role, and the names of domains that don't exist any more.

    The row ALL grants nothing without the column `superadmin`, as in PostfixAdmin 3.3 and later.
    """
    if is_true(old.superadmin):
        return RoleAssignment(Role.SUPERUSER), ()
    names = dict.fromkeys(granted)
    domains = tuple(known[name] for name in names if name in known)
    missing = tuple(name for name in names if name not in known)
    return RoleAssignment(Role.DOMAIN_ADMINISTRATOR, domains=domains), missing


def find_refusal(name: str, assignment: RoleAssignment) -> Refused | None:
    if len(name) > MAX_NAME:
        return Refused(TOO_LONG, {"limit": MAX_NAME}, code="too_long")
    if User.objects.filter(username__iexact=name).exists():
        return Refused(EXISTS, code="taken")
    if assignment.role != Role.SUPERUSER and not assignment.domains:
        return Refused(NO_DOMAIN, code="required")
    return None
