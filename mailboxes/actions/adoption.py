"""Adopting a mail database, and undoing that: in the panel's own database, with the log."""

from django.db import transaction
from django.utils import timezone

from mailboxes.actions.base import check_role
from mailboxes.adoption.mark import database_host, database_name, find_adoption
from mailboxes.adoption.models import Adoption
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import Changes, log_change, subject
from mailboxes.errors import Refused, gettext_noop

COLUMNS = ("product", "folder_form", "quota_multiplier", "scheme")
NOT_ADOPTED = gettext_noop("The mail database %(database)s hasn't been adopted.")
ADOPTED_ALREADY = gettext_noop(
    "The mail database %(database)s has already been adopted. To choose differently, undo the "
    "adoption first."
)


def adopt_database(
    actor: Actor, product: str, folder_form: str, quota_multiplier: int, scheme: str
) -> Adoption:
    """Note that the mail database is used as another program has created it."""
    check_role(actor, "maildatabase.adopt")
    adoption = Adoption(
        database=database_name(),
        host=database_host(),
        product=product,
        folder_form=folder_form,
        quota_multiplier=quota_multiplier,
        scheme=scheme,
        adopted=timezone.now(),
    )
    with transaction.atomic(using="default"):
        if find_adoption():
            raise Refused(ADOPTED_ALREADY, {"database": adoption.database}, code="adopted")
        adoption.save(force_insert=True)
        changes: Changes = {column: [None, getattr(adoption, column)] for column in COLUMNS}
        log_change(
            actor, "maildatabase.adopt", subject("maildatabase", adoption.database, "", changes)
        )
    return adoption


def forget_adoption(actor: Actor) -> Adoption:
    """Remove the mark; the mail database stays as it is."""
    check_role(actor, "maildatabase.forget")
    with transaction.atomic(using="default"):
        adoption = find_adoption()
        if adoption is None:
            raise Refused(NOT_ADOPTED, {"database": database_name()}, code="not_adopted")
        Adoption.objects.filter(pk=adoption.pk).delete()
        log_change(actor, "maildatabase.forget", subject("maildatabase", adoption.database))
    return adoption
