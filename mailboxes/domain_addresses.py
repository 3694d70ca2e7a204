"""Which addresses of a relayed domain are accepted."""

from django.db.models import BinaryField, F, QuerySet
from django.db.models.functions import Cast

from mailboxes.addresses import CatchAll
from mailboxes.models import Alias


def aliases_to_themselves(domain: str) -> QuerySet[Alias]:
    """Return the aliases of a domain that only forward to themselves.

    They are compared as bytes: in tables of others, the two columns may have collations that
    MariaDB doesn't mix.
    """
    columns = {name: Cast(name, BinaryField()) for name in ("address", "goto")}
    rows = Alias.objects.filter(domain=domain).alias(own=columns["address"], target=columns["goto"])
    return rows.filter(own=F("target"))


def accepts_any(domain: str) -> bool:
    """Say whether mail for every address of a relayed domain is accepted, listed or not."""
    if Alias.objects.filter(pk=str(CatchAll(domain)), active=True).exists():
        return True
    return not aliases_to_themselves(domain).exists()
