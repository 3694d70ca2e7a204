"""Storing what the doctor has found, for the panel's pages."""

from django.utils import timezone

from mailboxes.actions.base import check_role
from mailboxes.audit.actors import Actor
from mailboxes.deployment.examinations import is_recent
from mailboxes.deployment.models import LastExamination


def remember_examination(actor: Actor, found: LastExamination, by_timer: bool) -> None:
    """Replace what was found on this machine before. It isn't logged: no row of mail changes.

    An examination by hand keeps the time of the timer's last report, unless the timer has stopped:
    then it is known that it has.
    """
    check_role(actor, "doctor.examine")
    found.examined = timezone.now()
    found.reported = found.examined if by_timer else None
    before = LastExamination.objects.filter(pk=found.pk).first()
    if before and before.reported and not by_timer and is_recent(before.reported):
        found.reported = before.reported
    found.save()
