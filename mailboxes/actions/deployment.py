"""Noting what was exported, and what a mail host was given."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from mailboxes.actions.base import check_role
from mailboxes.audit.actors import Actor
from mailboxes.audit.log import log_change, subject
from mailboxes.deployment.applied import Applied, parse
from mailboxes.deployment.models import Export
from mailboxes.errors import Refused, gettext_noop

UNKNOWN = gettext_noop(
    "This panel has not exported %(identity)s. Paste the line of a mail host that was configured "
    "with a bundle of this panel."
)


def remember_export(identity: str, files: Mapping[str, str]) -> None:
    """Note that this was exported; whoever exports it is in the log."""
    now = timezone.now()
    Export.objects.get_or_create(
        identity=identity, defaults={"files": dict(files), "exported": now}
    )


def report_applied(actor: Actor, line: str) -> Applied:
    """Note what `apply` has said at its end on a mail host."""
    check_role(actor, "configuration.apply")
    applied = parse(line)
    with transaction.atomic(using="default"):
        known = Export.objects.filter(pk=applied.identity)
        if not known.update(applied=applied.at, kept_domains=applied.keeps):
            raise Refused(UNKNOWN, {"identity": applied.identity}, code="unknown")
        log_change(actor, "configuration.apply", subject("configuration", applied.identity))
    return applied
