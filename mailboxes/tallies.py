"""Counts that stay cheap, however large the tables are."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mailboxes.models import Domain

MOST = 1000


@dataclass(frozen=True)
class Tally:
    """A number of rows, or that there are more than the number."""

    count: int
    more: bool = False

    def __str__(self) -> str:
        number = number_format(self.count, force_grouping=True)
        return _("over %(number)s") % {"number": number} if self.more else number

    def __bool__(self) -> bool:
        return self.count > 0


def domain_names(most: int = 50) -> tuple[list[str], bool]:
    """Return the first domains' names, and whether there are more of them."""
    names = list(Domain.objects.values_list("pk", flat=True)[: most + 1])
    return names[:most], len(names) > most


def tally(rows: QuerySet[Any], most: int = MOST) -> Tally:
    """Count the rows, but no further than `most`: a million would take the database too long."""
    count = rows.order_by()[: most + 1].count()
    return Tally(min(count, most), count > most)
