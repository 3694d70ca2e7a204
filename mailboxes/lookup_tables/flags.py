"""Which mailboxes and aliases a filter shows, without reading the others."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, QuerySet

from mailboxes.lookup_models import RowFlag


def flagged(flag: str, domains: Collection[str] | None = None) -> QuerySet[RowFlag]:
    """Return the flags of all rows that have this one, or of those in some domains."""
    rows = RowFlag.objects.filter(flag=flag).order_by()
    return rows if domains is None else rows.filter(domain__in=sorted(domains))


def has_flag(flag: str) -> Exists:
    """Return the condition that a mailbox or an alias has this flag."""
    return Exists(
        RowFlag.objects.filter(flag=flag, domain=OuterRef("domain_id"), address=OuterRef("pk"))
    )
