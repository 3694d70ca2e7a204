"""Whether owners may change their passwords, and who has to choose another one."""

from collections.abc import Iterable

from django.db.models import CharField, F, Value
from django.db.models.functions import Concat, Length, Substr

from mailboxes.access.models import ClosedDomain, PasswordDemand
from mailboxes.accounts import AccountKind


def is_open(domain: str) -> bool:
    """Say whether the owners in a domain may change their passwords."""
    return not ClosedDomain.objects.filter(pk=domain.lower()).exists()


def set_open(domain: str, active: bool) -> None:
    if active:
        ClosedDomain.objects.filter(pk=domain.lower()).delete()
    else:
        ClosedDomain.objects.get_or_create(pk=domain.lower())


def is_demanded(kind: AccountKind, name: str) -> bool:
    """Say whether this administrator or owner has to choose another password."""
    return PasswordDemand.objects.filter(kind=kind, name=name.lower()).exists()


def forget_mailboxes(domain: str) -> None:
    PasswordDemand.objects.filter(
        kind=AccountKind.MAILBOX, name__endswith=f"@{domain.lower()}"
    ).delete()


def rename_mailboxes(domain: str, new: str) -> None:
    """Ask the same owners, whose addresses are in another domain now."""
    rows = PasswordDemand.objects.filter(
        kind=AccountKind.MAILBOX, name__endswith=f"@{domain.lower()}"
    )
    local_part = Substr(F("name"), 1, Length(F("name")) - len(domain))
    rows.update(name=Concat(local_part, Value(new), output_field=CharField()))


def set_demand(kind: AccountKind, name: str, active: bool) -> None:
    if active:
        PasswordDemand.objects.get_or_create(kind=kind, name=name.lower())
    else:
        forget_demands(kind, [name])


def forget_demands(kind: AccountKind, names: Iterable[str]) -> None:
    PasswordDemand.objects.filter(kind=kind, name__in=[name.lower() for name in names]).delete()
